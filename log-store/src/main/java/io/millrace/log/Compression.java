package io.millrace.log;

/// How a batch's records are compressed; the ids are those of the record batch layout.
public enum Compression {
    NONE(0),
    GZIP(1),
    ZSTD(4);

    private final int id;

    Compression(int id) {
        this.id = id;
    }

    public int id() {
        return id;
    }
}
