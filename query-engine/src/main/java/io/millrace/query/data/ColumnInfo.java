package io.millrace.query.data;

/// A column's name and type.
public record ColumnInfo(String name, ColumnType type) {}
