/// Who is calling and what they may do.
///
/// Enter at [Tokens].
@NullMarked
package io.millrace.http.auth;

import org.jspecify.annotations.NullMarked;
