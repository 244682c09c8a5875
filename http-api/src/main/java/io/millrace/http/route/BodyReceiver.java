package io.millrace.http.route;

import io.netty.buffer.ByteBuf;

/// Receives a request's body, piece by piece, and answers behind its end.
///
/// Threading: one call after another, each with a happens-before edge to the next; on the event loop, except
/// for bodies with a `Content-Encoding`, which are decoded on a virtual thread.
public interface BodyReceiver {
    /// @param piece borrowed: readable bytes are consumed, the buffer is the caller's
    /// @param last whether nothing follows; [#end] is called all the same
    /// @throws HttpFailure answered as an error; nothing is called any more
    void bytes(ByteBuf piece, boolean last);

    /// The body is complete.
    ///
    /// @throws HttpFailure answered as an error
    void end();

    /// The client went away, or the body was refused; give back what is held.
    default void abandoned() {}
}
