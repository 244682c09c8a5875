package io.millrace.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// The launcher in a copy of the project made of empty jars, with a JDK whose `java` prints its arguments.
@EnabledOnOs({OS.LINUX, OS.MAC})
class LauncherTest {
    @TempDir
    private Path folder;

    private Path root;
    private Path jdk;

    private record Run(int exitCode, List<String> lines) {}

    @BeforeEach
    void copy() throws IOException {
        Path project = Path.of(System.getProperty("millrace.root"));
        root = Files.createDirectories(folder.resolve("a place with spaces/milläce"));
        Files.createDirectories(root.resolve("bin"));
        for (String file : List.of("millrace", "bin/launch.sh", "bin/find-java")) {
            Files.copy(project.resolve(file), root.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
        }
        jdk = fakeJdk(
                "jdk 25", 25, "printf '%s\\n' \"$0\" \"$@\" \"launcher=$MILLRACE_LAUNCHER\" \"locale=${LC_ALL-none}\"");
    }

    private Path fakeJdk(String name, int version, String script) throws IOException {
        Path home = Files.createDirectories(folder.resolve(name));
        Files.createDirectories(home.resolve("bin"));
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + ".0.1\"\n");
        executable(home.resolve("bin/java"), "#!/bin/sh\n" + script + "\n");
        executable(home.resolve("bin/javac"), "#!/bin/sh\n");
        return home;
    }

    private static void executable(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private void build(String module, String jar) throws IOException {
        Path target = root.resolve(module).resolve("target");
        Files.createDirectories(target.resolve("lib"));
        Files.writeString(target.resolve(jar), "");
        for (String library : List.of("b.jar", "a lib.jar", "C.jar")) {
            Files.writeString(target.resolve("lib").resolve(library), "");
        }
    }

    private Run run(Map<String, String> environment, Path script, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(Arrays.asList(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().remove("MILLRACE_JAVA_OPTS");
        builder.environment().remove("LC_ALL");
        builder.environment().put("JAVA_HOME", jdk.toString());
        builder.environment().put("MILLRACE_NO_AOT", "1");
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), output.lines().toList());
    }

    @Test
    void theShellRunsWithAnExplicitClassPathInAFixedOrder() throws Exception {
        build("sql-shell", "millrace-shell.jar");
        Run run = run(Map.of(), root.resolve("millrace"), "sql", "-c", "SELECT 'a  b'", "");
        assertThat(run.exitCode).isZero();
        Path target = root.toRealPath().resolve("sql-shell/target");
        assertThat(run.lines)
                .containsSubsequence(
                        "-cp",
                        target + "/millrace-shell.jar:" + target + "/lib/C.jar:" + target + "/lib/a lib.jar:" + target
                                + "/lib/b.jar",
                        "io.millrace.shell.Main",
                        "sql",
                        "-c",
                        "SELECT 'a  b'",
                        "",
                        "launcher=" + root.toRealPath().resolve("millrace"),
                        "locale=none")
                .contains("-Dmillrace.stdin.terminal=false", "-Dmillrace.stdout.terminal=false", "-Xlog:disable");
        assertThat(run.lines.getFirst()).isEqualTo(jdk.resolve("bin/java").toString());
    }

    @Test
    void aNodeRunsWithItsOwnJarAndHeap() throws Exception {
        build("http-api", "millrace-node.jar");
        for (String command : List.of("start", "config")) {
            Run run = run(
                    Map.of("MILLRACE_JAVA_OPTS", "-Xmx2g -Dx=y", "LC_ALL", "C.UTF-8"),
                    root.resolve("millrace"),
                    command,
                    "--port",
                    "0");
            assertThat(run.exitCode).isZero();
            assertThat(run.lines)
                    .containsSubsequence(
                            "-Xmx1g", "-Xmx2g", "-Dx=y", "-cp", "io.millrace.http.node.Main", command, "--port", "0");
            assertThat(run.lines).contains("locale=C.UTF-8").doesNotContain("-XX:TieredStopAtLevel=1");
        }
    }

    @Test
    void verifyRunsTheFaultHarnessWhichStartsNodesItself() throws Exception {
        build("http-api", "millrace-node.jar");
        build("fault-harness", "millrace-faults.jar");
        Run run = run(Map.of(), root.resolve("millrace"), "verify", "--faults");
        assertThat(run.exitCode).isZero();
        assertThat(run.lines).containsSubsequence("-cp", "io.millrace.faults.Main", "--faults");
    }

    @Test
    void aLinkToTheLauncherWorks() throws Exception {
        build("sql-shell", "millrace-shell.jar");
        Path links = Files.createDirectories(folder.resolve("links"));
        Path link = Files.createSymbolicLink(links.resolve("m"), root.resolve("millrace"));
        Path second = Files.createSymbolicLink(links.resolve("m2"), Path.of("m"));
        assertThat(run(Map.of(), link, "version").lines).contains("version");
        assertThat(run(Map.of(), second, "version").lines).contains("version");
    }

    @Test
    void anOldJavaOnThePathIsPassedOver() throws Exception {
        build("sql-shell", "millrace-shell.jar");
        Path old = fakeJdk("jdk17", 17, "echo too old; exit 9");
        String path = old.resolve("bin") + ":" + System.getenv("PATH");
        assertThat(run(Map.of("PATH", path), root.resolve("millrace"), "version").lines)
                .startsWith(jdk.resolve("bin/java").toString());

        // JAVA_HOME is old too: a new one in a usual place under the home folder is found
        Path home = Files.createDirectories(folder.resolve("home/.jdks"));
        Path found = home.resolve("temurin-25");
        Files.createSymbolicLink(found, jdk);
        Map<String, String> environment = Map.of(
                "PATH",
                path,
                "JAVA_HOME",
                old.toString(),
                "HOME",
                folder.resolve("home").toString());
        assertThat(run(environment, root.resolve("millrace"), "version").lines)
                .startsWith(found.resolve("bin/java").toString());
    }

    @Test
    void aMissingJarIsBuiltOnceAndAFailedBuildShowsWhy() throws Exception {
        Files.writeString(root.resolve("pom.xml"), "<project/>");
        String target = "sql-shell/target";
        executable(
                root.resolve("mvnw"),
                "#!/bin/sh\necho \"arguments: $*\"\nmkdir -p " + target + "/lib && touch " + target
                        + "/millrace-shell.jar && echo run >>builds\n");
        Run first = run(Map.of(), root.resolve("millrace"), "version");
        assertThat(first.exitCode).isZero();
        assertThat(first.lines.getFirst()).contains("building for the first time");
        assertThat(first.lines).noneMatch(line -> line.startsWith("arguments"));
        assertThat(Files.readString(root.resolve("target/build.log"))).contains("arguments: -q -B -DskipTests package");
        Run second = run(Map.of(), root.resolve("millrace"), "version");
        assertThat(second.lines).noneMatch(line -> line.contains("building"));
        assertThat(Files.readAllLines(root.resolve("builds"))).hasSize(1);

        executable(root.resolve("mvnw"), "#!/bin/sh\necho 'it does not compile'\nexit 1\n");
        Run failed = run(Map.of(), root.resolve("millrace"), "start");
        assertThat(failed.exitCode).isEqualTo(1);
        assertThat(failed.lines).contains("it does not compile");
        assertThat(failed.lines.getLast()).contains("the build failed");
        assertThat(root.resolve("target/build.lock")).doesNotExist();
    }

    @Test
    void aLockLeftByAKilledBuildIsTakenOver() throws Exception {
        Files.writeString(root.resolve("pom.xml"), "<project/>");
        Files.createDirectories(root.resolve("target/build.lock"));
        Files.writeString(root.resolve("target/build.lock/pid"), "999999999");
        executable(
                root.resolve("mvnw"),
                "#!/bin/sh\nmkdir -p sql-shell/target/lib && touch sql-shell/target/millrace-shell.jar\n");
        assertThat(run(Map.of(), root.resolve("millrace"), "version").exitCode).isZero();
    }

    @Test
    void withoutJarsAndSourceItSaysSo() throws Exception {
        Run run = run(Map.of(), root.resolve("millrace"), "version");
        assertThat(run.exitCode).isEqualTo(1);
        assertThat(run.lines.getLast()).contains("nothing is built here");
    }
}
