package io.millrace.query.worker;

/// Partition of a key: FNV-1a (64 bit) of its bytes modulo the partition count, the same for every producer.
final class KeyHash {
    private KeyHash() {}

    static int partition(byte[] key, int partitions) {
        return partition(key, key.length, partitions);
    }

    /// Of the first `length` bytes.
    static int partition(byte[] bytes, int length, int partitions) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < length; i++) {
            hash = (hash ^ (bytes[i] & 0xff)) * 0x100000001b3L;
        }
        return (int) Long.remainderUnsigned(hash, partitions);
    }
}
