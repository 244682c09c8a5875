package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The launcher on machines that are not as one would wish.
class LauncherTest {
    private static final long PATIENCE_S = 60;

    @TempDir
    Path folder;

    private Path home = Path.of("");
    private Path tools = Path.of("");

    private record Ended(int exitCode, String output, String errors) {}

    @BeforeEach
    void aHomeWithAJdkAndAPathWithoutJava() throws IOException {
        home = Files.createDirectory(folder.resolve("home"));
        Files.createDirectory(home.resolve(".jdks"));
        Files.createSymbolicLink(home.resolve(".jdks/25"), Path.of(System.getProperty("java.home")));
        tools = Files.createDirectory(folder.resolve("tools"));
        for (String name : List.of("sh", "dirname", "readlink", "sed", "cat", "find", "mkdir", "rm", "mv", "sleep")) {
            Files.createSymbolicLink(tools.resolve(name), toolOnPath(name));
        }
    }

    private static Path toolOnPath(String name) {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("there is no " + name + " on the path"));
    }

    @Test
    void aPathWithoutJavaIsEnough() throws IOException, InterruptedException {
        assertVersion(run(NodeProcess.ROOT, tools.toString(), Map.of(), "version"));
    }

    @Test
    void anOldJavaOnThePathIsPassedOver() throws IOException, InterruptedException {
        Path old = oldJdk("17.0.9");

        assertVersion(run(NodeProcess.ROOT, old.resolve("bin") + ":" + tools, Map.of(), "version"));
        assertThat(old.resolve("was-run")).doesNotExist();
    }

    @Test
    void anOldJavaHomeIsPassedOver() throws IOException, InterruptedException {
        Path old = oldJdk("21.0.4");

        assertVersion(run(NodeProcess.ROOT, tools.toString(), Map.of("JAVA_HOME", old.toString()), "version"));
        assertThat(old.resolve("was-run")).doesNotExist();
    }

    @Test
    void aLinkToTheLauncherWorksFromAnyFolder() throws IOException, InterruptedException {
        Path link = Files.createSymbolicLink(folder.resolve("race"), NodeProcess.ROOT.resolve("millrace"));
        Path linkToLink = Files.createSymbolicLink(
                folder.resolve("race2"), Path.of(link.getFileName().toString()));

        assertVersion(start(linkToLink, tools.toString(), Map.of(), "version"));
    }

    @Test
    void withoutAJdkThatIsNewEnoughItSaysWhatToInstall() throws IOException, InterruptedException {
        Path project = copyTo(folder.resolve("copy"));
        Path finder = project.resolve("bin/find-java");
        String script = Files.readString(finder);
        assertThat(script).contains("wanted=25");
        Files.writeString(finder, script.replace("wanted=25", "wanted=99")); // no machine has this one

        Ended ended = run(project, tools.toString(), Map.of(), "version");

        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.output()).isEmpty();
        assertThat(ended.errors())
                .startsWith("Millrace needs a JDK 99 or newer and found none")
                .contains("JAVA_HOME", "apt install", "brew install", "https://adoptium.net");
    }

    @Test
    void aFolderWithSpacesIsNoTrouble() throws IOException, InterruptedException {
        Path project = copyTo(folder.resolve("a folder with 'spaces' & more"));

        assertVersion(run(project, tools.toString(), Map.of(), "version"));

        Ended node = run(project, tools.toString(), Map.of(), "start", "--help");
        assertThat(node.exitCode()).as(node.toString()).isZero();
        assertThat(node.output()).contains("--data-dir");
    }

    @Test
    void somethingThatIsNeitherBuiltNorSourceIsExplained() throws IOException, InterruptedException {
        Path project = Files.createDirectory(folder.resolve("bare"));
        copyScripts(project);

        Ended ended = run(project, tools.toString(), Map.of(), "version");

        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.errors())
                .startsWith("millrace: nothing is built here and there is no source to build from in");
    }

    private static void assertVersion(Ended ended) {
        assertThat(ended.exitCode()).as(ended.toString()).isZero();
        assertThat(ended.output()).contains("0.1.0");
    }

    /// A JDK whose `java` leaves a trace when it is run.
    private Path oldJdk(String version) throws IOException {
        Path jdk = Files.createDirectories(folder.resolve("jdk-" + version));
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        Files.createDirectory(jdk.resolve("bin"));
        for (String name : List.of("java", "javac")) {
            Path program = jdk.resolve("bin").resolve(name);
            Files.writeString(program, "#!/bin/sh\n: >'%s'\nexit 7\n".formatted(jdk.resolve("was-run")));
            assertThat(program.toFile().setExecutable(true)).isTrue();
        }
        return jdk;
    }

    /// Scripts as copies, jars as links: what the launcher needs and no more.
    private static Path copyTo(Path project) throws IOException {
        copyScripts(project);
        for (String module : List.of("http-api", "sql-shell")) {
            Path target = Files.createDirectories(project.resolve(module).resolve("target"));
            Path built = NodeProcess.ROOT.resolve(module).resolve("target");
            try (Stream<Path> jars = Files.list(built)) {
                for (Path jar :
                        jars.filter(file -> file.toString().endsWith(".jar")).toList()) {
                    Files.createSymbolicLink(target.resolve(jar.getFileName()), jar);
                }
            }
            Files.createSymbolicLink(target.resolve("lib"), built.resolve("lib"));
        }
        return project;
    }

    private static void copyScripts(Path project) throws IOException {
        Files.createDirectories(project.resolve("bin"));
        for (String script : List.of("millrace", "bin/find-java", "bin/launch.sh")) {
            Files.copy(NodeProcess.ROOT.resolve(script), project.resolve(script), StandardCopyOption.COPY_ATTRIBUTES);
        }
    }

    private Ended run(Path project, String path, Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        return start(project.resolve("millrace"), path, environment, arguments);
    }

    private Ended start(Path launcher, String path, Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(launcher.toString()));
        command.addAll(List.of(arguments));
        Path output = folder.resolve("output");
        Path errors = folder.resolve("errors");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile());
        Map<String, String> all = builder.environment();
        all.clear();
        all.put("PATH", path);
        all.put("HOME", home.toString());
        all.put("MILLRACE_NO_AOT", "1"); // nothing is to go on in the background
        all.putAll(environment);
        Process process = builder.start();
        if (!process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        return new Ended(process.waitFor(), Files.readString(output), Files.readString(errors));
    }
}
