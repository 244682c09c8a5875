/// Records out: consume and tail, as answers and as streams.
///
/// Enter at [SubscribeRoutes]. Whoever waits for records waits without a platform thread.
@NullMarked
package io.millrace.http.subscribe;

import org.jspecify.annotations.NullMarked;
