/// The Netty pipeline: connections, framing, time-outs, admission.
///
/// Enter at [HttpServer]. Event loops parse and frame and nothing else; handlers answer from any thread.
@NullMarked
package io.millrace.http.server;

import org.jspecify.annotations.NullMarked;
