package io.millrace.client;

/// A place in SQL text, as people count: the first line is 1, the first column is 1.
public record Position(int line, int column) {}
