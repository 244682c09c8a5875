package io.millrace.http.route;

import io.netty.handler.codec.http.HttpMethod;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// All endpoints, found by walking a path's segments without copying them.
///
/// Threading: immutable once built.
public final class RouteTable {
    public static final int PARAMETERS_MAX = 4;

    private final List<Route> routes;
    private final Node root = new Node();
    private final @Nullable Supplier<HttpFailure> otherwise;

    private static final class Node {
        private final List<String> literals = new ArrayList<>();
        private final List<Node> children = new ArrayList<>();
        private final List<Route> routes = new ArrayList<>();
        private @Nullable Node parameter;
    }

    /// Where a path's parameters lie; reused from request to request.
    public static final class Match {
        private final int[] starts = new int[PARAMETERS_MAX];
        private final int[] ends = new int[PARAMETERS_MAX];
        private int count;

        public int count() {
            return count;
        }

        public int start(int index) {
            return starts[index];
        }

        public int end(int index) {
            return ends[index];
        }
    }

    public RouteTable(List<Route> routes) {
        this(routes, null);
    }

    /// @param otherwise what a request for any other path is answered, while there is a reason beyond "unknown"
    public RouteTable(List<Route> routes, @Nullable Supplier<HttpFailure> otherwise) {
        this.routes = List.copyOf(routes);
        this.otherwise = otherwise;
        for (Route route : routes) {
            Node node = root;
            for (String segment : route.path().substring(1).split("/", -1)) {
                node = segment.startsWith("{") ? parameterOf(node) : childOf(node, segment);
            }
            node.routes.add(route);
        }
    }

    private static Node parameterOf(Node node) {
        Node parameter = node.parameter;
        if (parameter == null) {
            parameter = new Node();
            node.parameter = parameter;
        }
        return parameter;
    }

    private static Node childOf(Node node, String literal) {
        int at = node.literals.indexOf(literal);
        if (at >= 0) {
            return node.children.get(at);
        }
        node.literals.add(literal);
        node.children.add(new Node());
        return node.children.getLast();
    }

    public List<Route> routes() {
        return routes;
    }

    /// The route for a method and the first `pathEnd` characters of an address, HEAD going where GET goes.
    ///
    /// @throws HttpFailure `unknown_route` or `method_not_allowed`
    public Route find(HttpMethod method, String uri, int pathEnd, Match match) {
        Node node = walk(uri, pathEnd, match);
        if (node == null || node.routes.isEmpty()) {
            throw unknown(uri.substring(0, pathEnd));
        }
        HttpMethod wanted = method.equals(HttpMethod.HEAD) ? HttpMethod.GET : method;
        for (Route route : node.routes) {
            if (route.method().equals(wanted)) {
                return route;
            }
        }
        String allow = allow(node);
        throw new HttpFailure(
                        ErrorCode.METHOD_NOT_ALLOWED,
                        "%s is not possible on %s; possible: %s.".formatted(method, uri.substring(0, pathEnd), allow))
                .withHeader("Allow", allow);
    }

    /// What OPTIONS answers for a path.
    ///
    /// @throws HttpFailure `unknown_route`
    public String allowed(String uri, int pathEnd, Match match) {
        Node node = walk(uri, pathEnd, match);
        if (node == null || node.routes.isEmpty()) {
            throw unknown(uri.substring(0, pathEnd));
        }
        return allow(node);
    }

    private static String allow(Node node) {
        Set<String> methods = new LinkedHashSet<>();
        for (Route route : node.routes) {
            methods.add(route.method().name());
            if (route.method().equals(HttpMethod.GET)) {
                methods.add("HEAD");
            }
        }
        methods.add("OPTIONS");
        return String.join(", ", methods);
    }

    private @Nullable Node walk(String uri, int pathEnd, Match match) {
        match.count = 0;
        if (pathEnd == 0 || uri.charAt(0) != '/') {
            return null;
        }
        Node node = root;
        int start = 1;
        while (true) {
            int slash = uri.indexOf('/', start);
            int end = slash < 0 || slash > pathEnd ? pathEnd : slash;
            Node next = literal(node, uri, start, end);
            if (next == null) {
                next = node.parameter;
                if (next == null || end == start || match.count == PARAMETERS_MAX) {
                    return null;
                }
                match.starts[match.count] = start;
                match.ends[match.count++] = end;
            }
            if (end == pathEnd) {
                return next;
            }
            node = next;
            start = end + 1;
        }
    }

    private static @Nullable Node literal(Node node, String uri, int start, int end) {
        List<String> literals = node.literals;
        for (int i = 0; i < literals.size(); i++) {
            String literal = literals.get(i);
            if (literal.length() == end - start && uri.startsWith(literal, start)) {
                return node.children.get(i);
            }
        }
        return null;
    }

    private HttpFailure unknown(String path) {
        if (otherwise != null) {
            return otherwise.get();
        }
        String shown = path.length() > 200 ? path.substring(0, 200) + "…" : path;
        String near = routes.stream()
                .map(Route::path)
                .distinct()
                .filter(candidate -> distance(path, candidate) <= 3)
                .min(Comparator.comparingInt(candidate -> distance(path, candidate)))
                .map(candidate -> " Did you mean " + candidate + "?")
                .orElse("");
        return new HttpFailure(
                ErrorCode.UNKNOWN_ROUTE, "There is nothing at " + shown + "." + near + " GET /docs lists all routes.");
    }

    /// Segment by segment, so that a parameter is as near as anything; large when the counts of segments differ.
    private static int distance(String path, String pattern) {
        String[] given = path.split("/", 12);
        String[] wanted = pattern.split("/", -1);
        if (given.length != wanted.length) {
            return path.length() > 64 ? Integer.MAX_VALUE : Suggestions.distance(path, pattern);
        }
        int sum = 0;
        for (int i = 0; i < given.length; i++) {
            if (!wanted[i].startsWith("{")) {
                sum += given[i].length() > 64 ? 64 : Suggestions.distance(given[i], wanted[i]);
            }
        }
        return sum;
    }
}
