/// The JDK's HTTP client with Millrace's manners: leaders found by 307, other nodes tried on 503, errors as
/// exceptions.
///
/// Enter at [Transport]. [Json] is the only meeting of JSON text and values in the client.
@NullMarked
package io.millrace.client.transport;

import org.jspecify.annotations.NullMarked;
