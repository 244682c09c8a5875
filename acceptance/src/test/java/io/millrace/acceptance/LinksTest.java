package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Links between documents lead somewhere.
class LinksTest {
    @Test
    void everyLinkWithinTheProjectLeadsToAFileAndAHeading() throws IOException {
        List<Path> documents = documents();
        List<String> broken = new ArrayList<>();
        int checked = 0;
        for (Path document : documents) {
            for (String link : Markdown.links(Files.readString(document))) {
                if (!link.startsWith("https://") && !link.startsWith("http://")) {
                    checked++;
                    if (!leadsSomewhere(document, link)) {
                        broken.add(NodeProcess.ROOT.relativize(document) + ": " + link);
                    }
                }
            }
        }

        assertThat(broken).as("links that lead nowhere").isEmpty();
        assertThat(checked).as("the test must have tested something").isGreaterThan(10);
    }

    private static List<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>();
        documents.add(NodeProcess.ROOT.resolve("README.md"));
        documents.add(NodeProcess.ROOT.resolve("ARCHITECTURE.md"));
        try (Stream<Path> files = Files.walk(NodeProcess.ROOT.resolve("docs"))) {
            files.filter(file -> file.toString().endsWith(".md")).forEach(documents::add);
        }
        return documents;
    }

    private static boolean leadsSomewhere(Path document, String link) throws IOException {
        int hash = link.indexOf('#');
        String name = hash < 0 ? link : link.substring(0, hash);
        Path target = name.isEmpty() ? document : document.resolveSibling(name).normalize();
        if (!Files.exists(target)) {
            return false;
        }
        return hash < 0 || Markdown.anchors(Files.readString(target)).contains(link.substring(hash + 1));
    }
}
