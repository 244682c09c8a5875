/// Certificates: read, checked, and replaced while the node runs.
///
/// Enter at [NodeCertificates].
@NullMarked
package io.millrace.http.tls;

import org.jspecify.annotations.NullMarked;
