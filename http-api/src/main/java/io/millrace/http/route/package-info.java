/// Every endpoint in one table, and what a handler sees of a request.
///
/// Enter at [RouteTable]. A [Route] names its method, path, scope, limits and handler; an [Exchange] is one
/// request and its answer; [ErrorCode] lists every error there is.
@NullMarked
package io.millrace.http.route;

import org.jspecify.annotations.NullMarked;
