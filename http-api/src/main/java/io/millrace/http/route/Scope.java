package io.millrace.http.route;

/// What a token must allow for a route.
public enum Scope {
    /// needs no token
    PUBLIC,
    PRODUCE,
    CONSUME,
    QUERY,
    ADMIN
}
