package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.http.Wire;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
    @TempDir
    Path folder;

    @Test
    void theCommandLineBeatsTheEnvironmentBeatsTheFileBeatsTheDefault() throws Exception {
        Path file = folder.resolve("m.toml");
        Files.writeString(file, "port = 1\nhost = \"127.0.0.2\"\n[http]\nevent-loops = 2\n");
        Settings settings = Settings.read(
                List.of("--config", file.toString(), "--port=3"),
                Map.of("MILLRACE_PORT", "2", "MILLRACE_HTTP_EVENT_LOOPS", "3", "MILLRACE_JAVA_OPTS", "-Xmx1g"));
        assertThat(settings.text(Setting.PORT)).isEqualTo("3");
        assertThat(settings.text(Setting.EVENT_LOOPS)).isEqualTo("3");
        assertThat(settings.text(Setting.HOST)).isEqualTo("127.0.0.2");
        assertThat(settings.text(Setting.DATA_DIR)).isEqualTo("data");
        assertThat(settings.describe())
                .contains("(command line)")
                .contains("(environment MILLRACE_HTTP_EVENT_LOOPS)")
                .contains("(file " + file + ")")
                .contains("(default)");
    }

    @Test
    void unknownKeysStopTheStartAndNameTheNearest() throws IOException {
        assertThatThrownBy(() -> Settings.read(List.of("--prot", "1"), Map.of()))
                .hasMessageContaining("Did you mean 'port'?");
        assertThatThrownBy(() -> Settings.read(List.of(), Map.of("MILLRACE_PROT", "1")))
                .hasMessageContaining("Did you mean 'MILLRACE_PORT'?");
        Path file = folder.resolve("bad.toml");
        Files.writeString(file, "[http]\nevent-lops = 2\n");
        assertThatThrownBy(() -> Settings.read(List.of("--config", file.toString()), Map.of()))
                .hasMessageContaining("http.event-lops")
                .hasMessageContaining("Did you mean 'http.event-loops'?");
        Files.writeString(file, "port = [\n");
        assertThatThrownBy(() -> Settings.read(List.of("--config", file.toString()), Map.of()))
                .hasMessageContaining("not TOML");
        assertThatThrownBy(() -> Settings.read(List.of("--port", "65536"), Map.of()))
                .hasMessageContaining("0 to 65535");
        assertThatThrownBy(() -> Settings.read(List.of("--port"), Map.of())).hasMessageContaining("needs a value");
    }

    @Test
    void tokensAreNeededOffLoopbackAndNeverShown() throws Exception {
        assertThatThrownBy(() -> TestNodes.start(folder.resolve("open"), "host", "0.0.0.0"))
                .hasMessageContaining("Set --tokens");
        String shown = Settings.read(List.of("--tokens", "verysecret:produce"), Map.of())
                .describe();
        assertThat(shown).doesNotContain("verysecret").contains("1 token(s)");
        String tokens = "producer1:produce:shop.,reader-12:consume,admin-123";
        try (Node node = TestNodes.start(folder.resolve("closed"), "tokens", tokens)) {
            String produce = "POST /broker/topics/shop.a/produce?partition=0";
            assertThat(Wire.call(node.address(), produce, "x").status()).isEqualTo(401);
            assertThat(status(node, produce, "wrong-token")).isEqualTo(401);
            assertThat(status(node, produce, "producer1")).isEqualTo(200);
            assertThat(status(node, produce, "reader-12")).isEqualTo(403);
            assertThat(status(node, "POST /broker/topics/other/produce", "producer1"))
                    .isEqualTo(403);
            assertThat(status(node, "GET /broker/consume/shop.a/g/0", "producer1"))
                    .isEqualTo(403);
            assertThat(status(node, "GET /broker/consume/shop.a/g/0", "reader-12"))
                    .isEqualTo(200);
            assertThat(status(node, "DELETE /broker/topics/shop.a", "reader-12"))
                    .isEqualTo(403);
            assertThat(status(node, "DELETE /broker/topics/shop.a", "admin-123"))
                    .isEqualTo(200);
            assertThat(Wire.call(node.address(), "GET /health", "").status()).isEqualTo(200);
        }
    }

    private static int status(Node node, String line, String token) throws IOException {
        return Wire.call(node.address(), line, line.startsWith("POST") ? "x" : "", "Authorization: Bearer " + token)
                .status();
    }

    @Test
    void aFolderOrPortInUseIsSaidClearly() throws Exception {
        try (Node first = TestNodes.start(folder.resolve("d"));
                ServerSocket taken = new ServerSocket(0)) {
            assertThat(first.address().getPort()).isPositive();
            assertThatThrownBy(() -> TestNodes.start(folder.resolve("d")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("in use by process");
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            int code = Main.run(
                    new String[] {
                        "start",
                        "--host",
                        "0.0.0.0",
                        "--tokens",
                        "some-token",
                        "--port",
                        String.valueOf(taken.getLocalPort()),
                        "--data-dir",
                        folder.resolve("other").toString()
                    },
                    Map.of(),
                    System.out,
                    new PrintStream(err, true, StandardCharsets.UTF_8));
            assertThat(code).isEqualTo(1);
            assertThat(err.toString(StandardCharsets.UTF_8))
                    .contains("cannot listen on")
                    .contains("--port");
        }
    }
}
