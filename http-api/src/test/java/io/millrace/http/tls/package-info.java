@NullMarked
package io.millrace.http.tls;

import org.jspecify.annotations.NullMarked;
