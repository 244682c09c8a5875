package io.millrace.http.node;

import io.millrace.http.route.Route;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// The route table of a real node, for tests of other packages.
public final class RouteTables {
    private RouteTables() {}

    public static List<Route> all(Path folder) throws IOException {
        try (Node node = TestNodes.start(folder.resolve("data"))) {
            return node.routes();
        }
    }
}
