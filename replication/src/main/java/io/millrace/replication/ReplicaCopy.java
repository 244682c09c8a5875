package io.millrace.replication;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/// A replica at one moment: a manifest and the files that it speaks of.
///
/// Threading: any thread; several files may be read at the same time.
public interface ReplicaCopy extends AutoCloseable {
    /// A file below the data folder.
    ///
    /// @param name relative, with `/`
    /// @param sizeBytes that belong to the copy; the file may grow behind them
    /// @param crc32c of these bytes
    record FileFact(String name, long sizeBytes, int crc32c) {}

    String id();

    long term();

    long index();

    /// The manifest's bytes, as they lie on disk.
    byte[] manifest();

    List<FileFact> files();

    /// Writes `length` bytes of a file of this copy from `from` on.
    ///
    /// @throws IOException the file is not in the copy, or could not be read or written
    void read(String name, long from, long length, OutputStream to) throws IOException;

    @Override
    void close();
}
