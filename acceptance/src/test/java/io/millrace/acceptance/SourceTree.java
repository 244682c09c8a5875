package io.millrace.acceptance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The Java sources of all modules, as far as a document can name them.
///
/// @param types simple names, nested ones too
/// @param packages folders of packages, relative to the project's folder, with `/`
record SourceTree(Set<String> types, Set<String> packages) {
    private static final Pattern TYPE =
            Pattern.compile("^\\s*(?:[\\w@]+\\s+)*?(?:class|interface|record|enum)\\s+([A-Z]\\w*)", Pattern.MULTILINE);

    static SourceTree read(Path root) throws IOException {
        List<Path> sources;
        try (Stream<Path> files = Files.walk(root)) {
            sources = files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> root.relativize(file).toString().contains("src/"))
                    .toList();
        }
        Set<String> types = new TreeSet<>();
        for (Path source : sources) {
            Matcher matcher = TYPE.matcher(Files.readString(source));
            while (matcher.find()) {
                types.add(matcher.group(1));
            }
        }
        Set<String> packages = sources.stream()
                .map(source -> root.relativize(source.getParent()).toString().replace('\\', '/'))
                .collect(Collectors.toCollection(TreeSet::new));
        return new SourceTree(types, packages);
    }

    /// Whether `module/a/b` names a package of that module that ends in `a/b`.
    boolean hasPackage(String moduleAndPackage) {
        int slash = moduleAndPackage.indexOf('/');
        if (slash < 0) {
            return false;
        }
        String module = moduleAndPackage.substring(0, slash);
        String rest = moduleAndPackage.substring(slash);
        return packages.stream().anyMatch(folder -> folder.startsWith(module + "/") && folder.endsWith(rest));
    }

    /// Whether some package ends in `.name`.
    boolean hasPackageNamed(String lastName) {
        return packages.stream().anyMatch(folder -> folder.endsWith("/" + lastName));
    }
}
