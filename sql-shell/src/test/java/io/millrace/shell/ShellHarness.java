package io.millrace.shell;

import io.millrace.client.fake.FakeNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/// Runs command lines in this process against a [FakeNode].
final class ShellHarness implements AutoCloseable {
    final FakeNode node = new FakeNode();
    private final Map<String, String> environment = new HashMap<>();

    record Run(int exitCode, String out, String err) {}

    ShellHarness() throws IOException {
        environment.put("MILLRACE_URL", node.uri().toString());
        String orders = "\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\"},{\"name\":\"item\",\"type\":\"VARCHAR\"}]";
        node.sqlAnswer(
                "SELECT * FROM orders",
                "{\"ok\":true," + orders + ",\"rows\":[[1,\"tea\"],[2,null]],\"row_count\":2,\"elapsed_ms\":1.25}");
        node.sqlAnswer("CREATE STREAM s", "{\"ok\":true,\"columns\":[],\"rows\":[],\"message\":\"Stream s created.\"}");
        node.sql(
                "SELECT amuont FROM orders",
                exchange -> exchange.json(
                        400,
                        "{\"ok\":false,\"error\":\"unknown_column\",\"message\":\"Column 'amuont' not found\","
                                + "\"position\":{\"line\":1,\"column\":8},\"hint\":\"Did you mean 'amount'?\","
                                + "\"request_id\":\"r7\"}"));
    }

    void environment(String name, String value) {
        environment.put(name, value);
    }

    Run run(String... arguments) {
        return runWithInput("", arguments);
    }

    Run runWithInput(String input, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Streams streams = new Streams(
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintWriter(out),
                new PrintWriter(err),
                false,
                false,
                false,
                true,
                Map.copyOf(environment));
        int exitCode = Main.run(streams, arguments);
        return new Run(exitCode, out.toString(), err.toString());
    }

    @Override
    public void close() {
        node.close();
    }
}
