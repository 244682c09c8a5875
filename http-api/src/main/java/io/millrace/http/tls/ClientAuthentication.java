package io.millrace.http.tls;

/// What an HTTP client has to show.
public enum ClientAuthentication {
    /// It is not asked for a certificate.
    NONE,
    /// It may show one; one that is not trusted ends the connection.
    WANT,
    /// Without one that is trusted it gets nothing.
    NEED
}
