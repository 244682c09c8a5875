package io.millrace.client;

/// A column of a result or relation; `type` is the SQL spelling, for instance `DECIMAL(12,2)`.
public record Column(String name, String type) {}
