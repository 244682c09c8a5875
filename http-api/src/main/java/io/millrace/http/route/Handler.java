package io.millrace.http.route;

/// Takes a request whose head is complete and says what receives its body.
///
/// Threading: called on an event loop; must not block.
@FunctionalInterface
public interface Handler {
    /// @throws HttpFailure answered as an error; the body is then not read
    BodyReceiver begin(Exchange exchange);
}
