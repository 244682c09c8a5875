package io.millrace.http.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.node.RouteTables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The documents and the code say the same, in both directions.
class DocumentsTest {
    private static final Path ROOT = Path.of(System.getProperty("millrace.root", ".."));
    private static final Pattern SQL_CODE = Pattern.compile("(?:new SqlException|\\bat)\\(\\s*\"([a-z_]+)\"");
    /// Codes that a function of `Problems` chooses.
    private static final Pattern CHOSEN_CODE = Pattern.compile("return \"([a-z]+_[a-z_]+)\";");

    @Test
    void openApiListsExactlyTheRoutes(@TempDir Path folder) throws Exception {
        Set<String> documented = new TreeSet<>();
        String path = "";
        String method = "";
        for (String line : Files.readAllLines(ROOT.resolve("docs/openapi.yaml"))) {
            Matcher pathLine = Pattern.compile("  (/\\S*):").matcher(line);
            Matcher methodLine = Pattern.compile("    (get|post|put|delete):").matcher(line);
            Matcher summary = Pattern.compile("      summary: \"(.*)\"").matcher(line);
            Matcher scope = Pattern.compile("      x-scope: (.*)").matcher(line);
            Matcher parameter = Pattern.compile("        - \\{name: \"?([\\w*]+)\"?, in: query.*")
                    .matcher(line);
            if (pathLine.matches()) {
                path = pathLine.group(1);
            } else if (methodLine.matches()) {
                method = methodLine.group(1).toUpperCase(java.util.Locale.ROOT);
                documented.add(method + " " + path);
            } else if (summary.matches()) {
                documented.add(method + " " + path + " # " + summary.group(1));
            } else if (scope.matches()) {
                documented.add(method + " " + path + " @ " + scope.group(1));
            } else if (parameter.matches()) {
                documented.add(method + " " + path + " ? " + parameter.group(1));
            }
        }
        Set<String> routed = new TreeSet<>();
        for (Route route : RouteTables.all(folder)) {
            String place = route.method() + " " + route.path();
            routed.add(place);
            routed.add(place + " # " + route.summary());
            routed.add(place + " @ " + route.scope().name().toLowerCase(java.util.Locale.ROOT));
            route.parameters().forEach(parameter -> routed.add(place + " ? " + parameter));
        }
        assertThat(documented).isEqualTo(routed);
    }

    @Test
    void everyErrorCodeHasAnEntryAndEveryEntryACode() throws IOException {
        Set<String> documented = Files.readAllLines(ROOT.resolve("docs/errors.md")).stream()
                .filter(line -> line.startsWith("## "))
                .map(line -> line.substring(3))
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> known =
                Arrays.stream(ErrorCode.values()).map(ErrorCode::code).collect(Collectors.toCollection(TreeSet::new));
        known.addAll(sqlCodes());
        assertThat(documented).isEqualTo(known);
    }

    /// Codes of SQL errors, read from the sources: they are plain strings there.
    private static Set<String> sqlCodes() throws IOException {
        Set<String> codes = new TreeSet<>();
        for (String module : new String[] {"query-engine", "http-api"}) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
                for (Path file :
                        files.filter(path -> path.toString().endsWith(".java")).toList()) {
                    Matcher codesInFile = SQL_CODE.matcher(Files.readString(file));
                    while (codesInFile.find()) {
                        codes.add(codesInFile.group(1));
                    }
                    Matcher chosen = CHOSEN_CODE.matcher(Files.readString(file));
                    while (file.endsWith("Problems.java") && chosen.find()) {
                        codes.add(chosen.group(1));
                    }
                }
            }
        }
        return codes;
    }
}
