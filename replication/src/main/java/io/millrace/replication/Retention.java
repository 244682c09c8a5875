package io.millrace.replication;

/// How long records stay; −1 means no limit.
public record Retention(long ageMsMax, long bytesMax) {
    public static final Retention FOREVER = new Retention(-1, -1);
}
