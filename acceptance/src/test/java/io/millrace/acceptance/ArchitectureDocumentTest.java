package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// `ARCHITECTURE.md` names only what exists. It writes types as `CamelCase`, packages as `.name` or
/// `module/name`, files and folders as paths from the project's folder.
class ArchitectureDocumentTest {
    private static final Pattern TYPE = Pattern.compile("[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*");
    private static final Pattern NESTED_TYPE = Pattern.compile("(?:" + TYPE + "\\.)+" + TYPE);
    private static final Pattern PACKAGE = Pattern.compile("\\.[a-z]+");
    private static final Pattern PATH =
            Pattern.compile("[\\w.-]+(?:/[\\w.-]+)+/?|[\\w-]+\\.(?:md|yaml|xml|txt|ftl)|docs/?");

    private static String document = "";
    private static SourceTree tree = new SourceTree(Set.of(), Set.of());

    @BeforeAll
    static void read() throws IOException {
        document = Files.readString(NodeProcess.ROOT.resolve("ARCHITECTURE.md"));
        tree = SourceTree.read(NodeProcess.ROOT);
    }

    @Test
    void itNamesOnlyTypesThatExist() {
        Set<String> named = Markdown.codeSpans(document).stream()
                .filter(span -> TYPE.matcher(span).matches()
                        || NESTED_TYPE.matcher(span).matches())
                .flatMap(span -> List.of(span.split("\\.", -1)).stream())
                .collect(Collectors.toSet());

        assertThat(named).as("types that are named").hasSizeGreaterThan(40);
        assertThat(tree.types()).containsAll(named);
    }

    @Test
    void itNamesOnlyPathsAndPackagesThatExist() {
        List<String> named = Markdown.codeSpans(document).stream()
                .filter(span ->
                        PATH.matcher(span).matches() || PACKAGE.matcher(span).matches())
                .toList();

        assertThat(named).as("paths that are named").hasSizeGreaterThan(20);
        assertThat(named).allSatisfy(name -> assertThat(exists(name)).as(name).isTrue());
    }

    private static boolean exists(String name) {
        if (PACKAGE.matcher(name).matches()) {
            return tree.hasPackageNamed(name.substring(1));
        }
        return Files.exists(NodeProcess.ROOT.resolve(name)) || tree.hasPackage(name);
    }

    @Test
    void theCheckKnowsWhatExists() {
        assertThat(tree.types()).contains("NodeProcess", "Markdown").doesNotContain("RaftQuantumEngine");
        assertThat(exists("log-store/segment")).isTrue();
        assertThat(exists(".segment")).isTrue();
        assertThat(exists("docs/concepts.md")).isTrue();
        assertThat(exists("log-store/quantum")).isFalse();
        assertThat(exists("docs/quantum.md")).isFalse();
    }
}
