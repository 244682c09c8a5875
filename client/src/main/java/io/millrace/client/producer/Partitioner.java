package io.millrace.client.producer;

/// Where keys go: FNV-1a (64 bit) of the key's bytes modulo the partition count, as the server does it.
final class Partitioner {
    private static final long OFFSET_BASIS = 0xcbf29ce484222325L;
    private static final long PRIME = 0x100000001b3L;

    private Partitioner() {}

    static int partition(byte[] key, int partitionCount) {
        long hash = OFFSET_BASIS;
        for (byte b : key) {
            hash = (hash ^ (b & 0xff)) * PRIME;
        }
        return (int) Long.remainderUnsigned(hash, partitionCount);
    }
}
