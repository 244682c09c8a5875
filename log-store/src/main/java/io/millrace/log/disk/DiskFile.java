package io.millrace.log.disk;

import java.io.IOException;
import java.nio.ByteBuffer;

/// An open file. Positions are bytes from its start. Reads are for any thread; writes for one.
public interface DiskFile extends AutoCloseable {
    long sizeBytes() throws IOException;

    /// Reads until `target` is full or the file ends; returns the bytes read, 0 at the end.
    int read(ByteBuffer target, long position) throws IOException;

    /// Writes all remaining bytes.
    void write(ByteBuffer source, long position) throws IOException;

    void truncate(long sizeBytes) throws IOException;

    /// fsync of content and length. After a failure the file's content is unknown; nobody retries.
    void sync() throws IOException;

    @Override
    void close() throws IOException;
}
