package io.millrace.http.route;

import io.millrace.http.json.JsonBuffer;

/// A WebSocket: text messages in both directions.
public interface Socket {
    /// Sends what the buffer holds as one message and clears it. Blocks while the client does not keep up.
    ///
    /// Threading: any thread but an event loop.
    ///
    /// @return false once the socket closes; nothing is sent then
    boolean write(JsonBuffer message);

    /// Sends one small message without waiting.
    ///
    /// Threading: the socket's event loop, within a call of its [SocketReceiver].
    void tell(JsonBuffer message);

    /// Whether nothing can be sent any more.
    boolean isGone();
}
