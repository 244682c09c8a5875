package io.millrace.http.route;

/// Receives what a WebSocket's client sends.
///
/// Threading: the socket's event loop; must not block.
public interface SocketReceiver {
    /// The handshake is done.
    void opened(Socket socket);

    /// A whole text message, valid UTF-8.
    ///
    /// @param text valid up to `length`, and only during the call
    void message(byte[] text, int length);

    /// The socket closes: end soon what runs for it. Called once.
    void gone();
}
