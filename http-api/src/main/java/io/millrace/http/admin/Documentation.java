package io.millrace.http.admin;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Suggestions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// The documentation as text, without a network.
final class Documentation {
    private static final String MARKDOWN = "text/markdown; charset=utf-8";
    private static final List<String> PAGES = List.of("errors", "http", "metrics", "settings");

    private Documentation() {}

    static void index(Exchange exchange) {
        JsonBuffer page = new JsonBuffer(512).ascii("# Millrace\n\n");
        for (String name : PAGES) {
            page.ascii("- /docs/").ascii(name).put('\n');
        }
        page.ascii("- /docs/openapi.yaml\n");
        exchange.reply(200, MARKDOWN, page);
    }

    static void page(Exchange exchange) throws IOException {
        String name = exchange.pathParameter(0);
        boolean openapi = name.equals("openapi.yaml");
        if (!openapi && !PAGES.contains(name)) {
            throw new HttpFailure(
                    ErrorCode.UNKNOWN_DOCUMENT,
                    "There is no page '" + name + "'." + Suggestions.didYouMean(name, PAGES) + " GET /docs lists all.");
        }
        byte[] text = read(openapi ? name : name + ".md");
        exchange.reply(
                200, openapi ? "application/yaml" : MARKDOWN, new JsonBuffer(text.length).raw(text, 0, text.length));
    }

    /// A page that was packed beside the classes.
    private static byte[] read(String file) throws IOException {
        try (InputStream page = Documentation.class.getResourceAsStream("/docs/" + file)) {
            return page == null
                    ? ("This build came without " + file + ".\n").getBytes(StandardCharsets.UTF_8)
                    : page.readAllBytes();
        }
    }
}
