package io.millrace.http.route;

import io.netty.handler.codec.http.HttpMethod;
import java.util.List;

/// One endpoint.
///
/// @param path segments behind `/`; a segment `{name}` matches anything but `/`
/// @param parameters names that its query string may have
/// @param topicParameter index of the `{…}` that names a topic, which a token's prefix must cover; −1 for none
/// @param bodyBytesMax largest body; 0 for none
/// @param summary one line of documentation, the same as in `docs/openapi.yaml`
public record Route(
        HttpMethod method,
        String path,
        Scope scope,
        List<String> parameters,
        int topicParameter,
        long bodyBytesMax,
        Handler handler,
        String summary) {
    public Route {
        parameters = List.copyOf(parameters);
    }
}
