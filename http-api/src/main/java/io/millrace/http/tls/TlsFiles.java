package io.millrace.http.tls;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Where key and certificates are, in PEM.
///
/// @param certificate this node's, the certificates between it and an authority after it
/// @param key of that certificate, not encrypted
/// @param authorities whose certificates are believed; null for those of the JDK
public record TlsFiles(Path certificate, Path key, @Nullable Path authorities) {
    private static final int FILE_BYTES_MAX = 1 << 20;

    /// What was in the files at one moment.
    record Contents(byte[] certificate, byte[] key, byte @Nullable [] authorities) {
        boolean isSame(Contents other) {
            return Arrays.equals(certificate, other.certificate)
                    && Arrays.equals(key, other.key)
                    && Arrays.equals(authorities, other.authorities);
        }
    }

    /// @throws IOException one of them cannot be read; the message says which, and from which setting it came
    Contents read() throws IOException {
        return new Contents(
                read(certificate, "tls.cert"),
                read(key, "tls.key"),
                authorities == null ? null : read(authorities, "tls.ca"));
    }

    private static byte[] read(Path file, String setting) throws IOException {
        try {
            if (Files.size(file) <= FILE_BYTES_MAX) {
                return Files.readAllBytes(file);
            }
        } catch (NoSuchFileException missing) {
            throw new IOException("%s (%s) does not exist".formatted(file, setting), missing);
        } catch (AccessDeniedException denied) {
            throw new IOException("%s (%s) cannot be read: access denied".formatted(file, setting), denied);
        } catch (IOException unreadable) { // whose message does not name the file
            throw new IOException(
                    "%s (%s) cannot be read: %s".formatted(file, setting, unreadable.getMessage()), unreadable);
        }
        throw new IOException(
                "%s (%s) is larger than %d bytes; is it a PEM file?".formatted(file, setting, FILE_BYTES_MAX));
    }
}
