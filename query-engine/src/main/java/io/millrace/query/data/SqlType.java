package io.millrace.query.data;

/// The SQL types of API and engine, and how a column stores their values.
public enum SqlType {
    BOOLEAN(Storage.LONG),
    SMALLINT(Storage.LONG),
    INTEGER(Storage.LONG),
    BIGINT(Storage.LONG),
    /// `BigDecimal` with the column's scale
    DECIMAL(Storage.OBJECT),
    REAL(Storage.DOUBLE),
    DOUBLE(Storage.DOUBLE),
    /// UTF-8
    VARCHAR(Storage.BYTES),
    VARBINARY(Storage.BYTES),
    /// days since 1970-01-01
    DATE(Storage.LONG),
    /// milliseconds since midnight
    TIME(Storage.LONG),
    /// milliseconds since 1970-01-01T00:00:00, no time zone
    TIMESTAMP(Storage.LONG),
    /// milliseconds since 1970-01-01T00:00:00Z
    TIMESTAMPTZ(Storage.LONG),
    /// milliseconds
    INTERVAL_DAY(Storage.LONG),
    /// months
    INTERVAL_MONTH(Storage.LONG),
    /// `java.util.List` of the boxed values of the element type (see [Column#objectAt])
    ARRAY(Storage.OBJECT),
    /// `java.util.Map` from `String` to the boxed values of the element type
    MAP(Storage.OBJECT),
    /// `Object[]`
    ROW(Storage.OBJECT),
    /// a JSON document as UTF-8 text
    JSON(Storage.BYTES),
    /// 16 bytes
    UUID(Storage.BYTES),
    /// the type of a bare NULL; all values are null
    NULL(Storage.LONG);

    private final Storage storage;

    SqlType(Storage storage) {
        this.storage = storage;
    }

    public Storage storage() {
        return storage;
    }

    /// Which [Column] class holds the values.
    public enum Storage {
        /// `long[]`; booleans are 0 and 1
        LONG,
        /// `double[]`
        DOUBLE,
        /// one `byte[]` with a start and a length for each row
        BYTES,
        /// `Object[]`
        OBJECT
    }
}
