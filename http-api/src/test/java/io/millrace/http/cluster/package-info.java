@NullMarked
package io.millrace.http.cluster;

import org.jspecify.annotations.NullMarked;
