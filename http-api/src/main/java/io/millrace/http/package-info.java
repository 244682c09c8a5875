/// A node's HTTP interface.
///
/// Enter at `io.millrace.http.node.Main`. Requests come in through `.server`, find their row in the table of
/// `.route`, pass `.auth` and are answered by `.ingest`, `.subscribe`, `.query` and `.admin`. Netty's types stay
/// inside this module.
@NullMarked
package io.millrace.http;

import org.jspecify.annotations.NullMarked;
