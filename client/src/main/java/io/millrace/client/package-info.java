/// The client's face: connect to a cluster, produce, consume, query, administer topics.
///
/// Enter at [MillraceClient]. Everything here is safe for use by many threads unless a type says otherwise.
/// Calls block the calling thread (virtual threads are welcome) and throw [MillraceException]; producing and
/// subscribing have asynchronous forms of the JDK ([java.util.concurrent.CompletableFuture],
/// [java.util.concurrent.Flow]).
@NullMarked
package io.millrace.client;

import org.jspecify.annotations.NullMarked;
