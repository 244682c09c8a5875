package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClusterSettingsTest {
    private static final String THREE = "n1=127.0.0.1:7000/7001,n2=127.0.0.1:8000/8001,n3=127.0.0.1:9000/9001";

    private static Settings settings(String... arguments) throws Exception {
        return Settings.read(List.of(arguments), Map.of());
    }

    @Test
    void aNodeTakesItsPortsFromTheList() throws Exception {
        Settings settings = settings("--cluster.node-id", "n2", "--cluster.nodes", THREE);
        assertThat(settings.text(Setting.PORT)).isEqualTo("8001");
        assertThat(settings.text(Setting.RAFT_PORT)).isEqualTo("8000");
        assertThat(settings.text(Setting.RAFT_HOST)).isEqualTo("127.0.0.1");
        assertThat(settings.text(Setting.HTTP_ADDRESS)).isEqualTo("http://127.0.0.1:8001");
        assertThat(settings.describe()).contains("(cluster.nodes)");
        assertThat(settings.cluster().nodes().keySet()).containsExactly("n1", "n2", "n3");
        assertThat(settings.cluster().clustered()).isTrue();
    }

    @Test
    void topicsAreNotMadeByThemselvesInAClusterUnlessThatIsAskedFor() throws Exception {
        assertThat(settings().flag(Setting.AUTO_CREATE)).isTrue();
        assertThat(settings("--cluster.node-id", "n2", "--cluster.nodes", THREE).flag(Setting.AUTO_CREATE))
                .isFalse();
        assertThat(settings("--cluster.join", "http://127.0.0.1:1109", "--port", "1110")
                        .flag(Setting.AUTO_CREATE))
                .isFalse();
        assertThat(settings("--cluster.nodes", THREE, "--topics.auto-create", "true")
                        .flag(Setting.AUTO_CREATE))
                .isTrue();
    }

    @Test
    void aNodeByItselfIsNoCluster() throws Exception {
        assertThat(settings().cluster().clustered()).isFalse();
        assertThat(settings("--cluster.nodes", "n1=127.0.0.1:7000/7001")
                        .cluster()
                        .clustered())
                .isFalse();
        assertThat(settings("--cluster.nodes", "n1=127.0.0.1:7000").text(Setting.PORT))
                .isEqualTo("7001");
    }

    @Test
    void theFileTakesAListToo(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("m.toml");
        Files.writeString(
                file, "[cluster]\nnode-id = \"b\"\nnodes = [\"a=10.0.0.1:7000/7001\", \"b=127.0.0.1:7000/7001\"]\n");
        Settings settings = settings("--config", file.toString());
        assertThat(settings.cluster().nodes().keySet()).containsExactly("a", "b");
        assertThat(settings.text(Setting.PORT)).isEqualTo("7001");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            n4 | n1=h:7000/7001,n2=i:8000/8001     | is not in cluster.nodes, which has n1, n2
            n1 | n1=h:7000/7001,n1=i:8000/8001     | node 'n1' is there twice
            n1 | n1=h:7000/7001,n2=h:7001/7002     | both use h:7001
            n1 | n1=h:7000/7000                    | port 7000 for both Raft and HTTP
            n1 | n1=h                              | is not ID=HOST:RAFT-PORT/HTTP-PORT
            n1 | n1=h:0/1                          | has port 0
            n1 | n1=h:65535                        | has port 65536
            n 1 | n 1=h:7000                       | A node id has 1 to 64
            n1 | n1=h:1,n2=h:3,n3=h:5,n4=h:7,n5=h:9,n6=h:11,n7=h:13,n8=h:15 | up to 7 nodes, not 8
            """)
    void whatContradictsItselfStopsTheStart(String node, String nodes, String message) {
        assertThatThrownBy(() -> settings("--cluster.node-id", node, "--cluster.nodes", nodes))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aPortThatTheOtherNodesDoNotKnowStopsTheStart() {
        assertThatThrownBy(() -> settings("--cluster.nodes", THREE, "--port", "7002"))
                .hasMessageContaining("Setting port (command line) is 7002")
                .hasMessageContaining("has 7001 for node 'n1'");
    }

    @Test
    void ayderVariablesAreUnderstoodAndOursWin() throws Exception {
        Map<String, String> ayder = Map.of(
                "RF_HA_ENABLED", "1",
                "RF_HA_NODE_ID", "node2",
                "RF_HA_NODES", "node1:127.0.0.1:7000:100,node2:127.0.0.1:8000:50,node3:127.0.0.1:9000",
                "RF_HA_WRITE_CONCERN", "3",
                "RF_HA_BOOTSTRAP_LEADER", "1");
        Settings settings = Settings.read(List.of(), ayder);
        assertThat(settings.text(Setting.NODE_ID)).isEqualTo("node2");
        assertThat(settings.text(Setting.PORT)).isEqualTo("8001");
        assertThat(settings.text(Setting.RAFT_PORT)).isEqualTo("8000");
        assertThat(settings.text(Setting.ACK)).isEqualTo("all");
        assertThat(settings.text(Setting.FIRST_LEADER)).isEqualTo("node2");
        assertThat(settings.describe()).contains("environment RF_HA_NODES");
        assertThat(Settings.read(List.of("--cluster.node-id", "node3"), ayder).text(Setting.PORT))
                .isEqualTo("9001");
        assertThat(Settings.read(List.of(), Map.of("RF_HA_NODES", "x:y:1"))
                        .cluster()
                        .clustered())
                .as("without RF_HA_ENABLED")
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({"1,3,leader", "2,3,quorum", "3,3,all", "1,1,quorum", "2,5,quorum", "4,5,all", "quorum,3,quorum"})
    void aWriteConcernPromisesAsMuchOrMore(String concern, int nodes, String acknowledgement) throws Exception {
        assertThat(ClusterSettings.acknowledgement(concern, nodes)).isEqualTo(acknowledgement);
    }

    @ParameterizedTest
    @CsvSource({"0", "4", "most"})
    void aWriteConcernThatCannotBeIsRefused(String concern) {
        assertThatThrownBy(() -> ClusterSettings.acknowledgement(concern, 3)).hasMessageContaining("1 to 3");
    }

    @Test
    void certificatesMakeItHttpsEverywhereAndBetweenNodes() throws Exception {
        Settings alone = settings("--tls.cert", "c.pem", "--tls.key", "k.pem");
        assertThat(alone.scheme()).isEqualTo("https");
        assertThat(alone.flag(Setting.CLUSTER_TLS)).isFalse();
        Settings many =
                settings("--cluster.nodes", THREE, "--tls.cert", "c.pem", "--tls.key", "k.pem", "--tls.ca", "ca.pem");
        assertThat(many.text(Setting.HTTP_ADDRESS)).isEqualTo("https://127.0.0.1:7001");
        assertThat(many.cluster().nodes().values())
                .allSatisfy(place -> assertThat(place.httpAddress()).startsWith("https://"));
        assertThat(many.flag(Setting.CLUSTER_TLS)).isTrue();
        assertThat(settings("--cluster.nodes", THREE).flag(Setting.CLUSTER_TLS)).isFalse();
        assertThat(settings("--cluster.join", "https://127.0.0.1:1109")
                        .cluster()
                        .join())
                .hasToString("https://127.0.0.1:1109");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --tls.cert c.pem                                              | tls.cert (command line) is set, but tls.key is not
            --tls.key k.pem                                               | tls.key (command line) is set, but tls.cert is not
            --tls.cert c --tls.key k --tls.client-auth need               | tls.client-auth (command line) needs tls.cert, tls.key and tls.ca
            --tls.ca a --tls.client-auth want                             | tls.client-auth (command line) needs
            --tls.cert c --tls.key k --tls.ca a --tls.client-auth maybe   | must be none or want or need, not 'maybe'
            --cluster.tls true                                            | cluster.tls (command line) needs tls.cert, tls.key and tls.ca
            --cluster.join https://h:1 --tls.cert c --tls.key k           | cluster.tls (tls.cert, nodes) needs tls.cert, tls.key and tls.ca
            --cluster.tls perhaps                                         | must be true or false
            """)
    void certificatesThatAreNotWholeStopTheStart(String arguments, String message) {
        assertThatThrownBy(() -> settings(arguments.strip().split(" ")))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining(message);
    }

    @Test
    void ayderVariablesForEncryptionAreUnderstood() throws Exception {
        Map<String, String> ayder = Map.of(
                "RF_HA_ENABLED", "1",
                "RF_HA_NODE_ID", "node1",
                "RF_HA_NODES", "node1:127.0.0.1:7000:100,node2:127.0.0.1:8000:50",
                "RF_HA_TLS", "1",
                "RF_HA_TLS_CERT", "node1.crt",
                "RF_HA_TLS_KEY", "node1.key",
                "RF_HA_TLS_CA", "ca.crt");
        Settings settings = Settings.read(List.of(), ayder);
        assertThat(settings.flag(Setting.CLUSTER_TLS)).isTrue();
        assertThat(settings.text(Setting.TLS_CERT)).isEqualTo("node1.crt");
        assertThat(settings.text(Setting.TLS_KEY)).isEqualTo("node1.key");
        assertThat(settings.text(Setting.TLS_CA)).isEqualTo("ca.crt");
        assertThat(settings.describe()).contains("environment RF_HA_TLS_CERT");
        assertThatThrownBy(() -> Settings.read(List.of(), Map.of("RF_HA_ENABLED", "1", "RF_HA_TLS", "1")))
                .hasMessageContaining("environment RF_HA_TLS")
                .hasMessageContaining("needs tls.cert");
        assertThat(Settings.read(List.of(), Map.of("RF_HA_ENABLED", "1", "RF_HA_TLS_CERT", "x"))
                        .scheme())
                .isEqualTo("http");
    }

    @Test
    void theTokenForOthersIsTheFirstOneThatMayDoEverything() throws Exception {
        assertThat(settings("--tokens", "producer1:produce,admin-for-some:admin:a.,boss-12345")
                        .cluster()
                        .token())
                .isEqualTo("boss-12345");
        assertThat(settings("--tokens", "boss-12345", "--cluster.token", "other-one")
                        .cluster()
                        .token())
                .isEqualTo("other-one");
        assertThat(settings("--cluster.token", "very-secret").describe()).doesNotContain("very-secret");
    }
}
