package io.millrace.http.ingest;

import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/// Tells bodies under one idempotency key apart: two checksums of different polynomials, both computed by the
/// processor.
final class BodyHash {
    private final CRC32 first = new CRC32();
    private final CRC32C second = new CRC32C();

    void update(byte[] bytes, int start, int length) {
        first.update(bytes, start, length);
        second.update(bytes, start, length);
    }

    long value() {
        return first.getValue() << 32 | second.getValue();
    }
}
