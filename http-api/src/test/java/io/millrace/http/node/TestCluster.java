package io.millrace.http.node;

import io.millrace.http.Wire;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Nodes `n1`, `n2` … of one cluster in this process.
final class TestCluster implements AutoCloseable {
    private static final Pattern VIEW = Pattern.compile("\"term\":(\\d+),\"leader\":\"([^\"]+)\"");

    private final Path folder;
    private final Map<String, int[]> ports = new LinkedHashMap<>();
    private final Map<String, Node> running = new TreeMap<>();

    /// Chooses ports for nodes; none is started.
    TestCluster(Path folder, int count) throws IOException {
        this.folder = folder;
        for (int i = 1; i <= count; i++) {
            ports.put("n" + i, new int[] {FreePorts.next(), FreePorts.next()});
        }
    }

    private String nodes() {
        List<String> places = new ArrayList<>();
        ports.forEach((id, pair) -> places.add("%s=127.0.0.1:%d/%d".formatted(id, pair[0], pair[1])));
        return String.join(",", places);
    }

    Node start(String id, String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of("cluster.node-id", id, "cluster.nodes", nodes()));
        int[] pair = Objects.requireNonNull(ports.get(id), id);
        all.addAll(List.of("port", Integer.toString(pair[1])));
        all.addAll(List.of(options));
        Node node = TestNodes.start(folder.resolve(id), all.toArray(String[]::new));
        running.put(id, node);
        return node;
    }

    void startAll() throws IOException {
        for (String id : ports.keySet()) {
            start(id);
        }
        awaitReady();
    }

    void awaitReady() {
        running.forEach((id, node) -> TestNodes.await(id + " is ready", () -> status(node) == 200));
    }

    static int status(Node node) {
        try {
            return Wire.call(node.address(), "GET /ready", "").status();
        } catch (IOException gone) {
            return 0;
        }
    }

    Node node(String id) {
        Node node = running.get(id);
        if (node == null) {
            throw new IllegalArgumentException(id + " does not run");
        }
        return node;
    }

    String raftAddress(String id) {
        return "127.0.0.1:" + Objects.requireNonNull(ports.get(id), id)[0];
    }

    URI address(String id) {
        return node(id).address();
    }

    void stop(String id) {
        Node node = running.remove(id);
        if (node != null) {
            node.close();
        }
    }

    /// The id of the node that says it leads.
    Optional<String> leader() {
        for (Map.Entry<String, Node> entry : running.entrySet()) {
            try {
                String body =
                        Wire.call(entry.getValue().address(), "GET /ready", "").body();
                if (body.contains("\"role\":\"leader\"") && body.startsWith("{\"ok\":true")) {
                    return Optional.of(entry.getKey());
                }
            } catch (IOException gone) {
                // asked next
            }
        }
        return Optional.empty();
    }

    /// Who leads, after waiting for somebody. The next moment it may be somebody else: a test that depends on
    /// one and the same leader uses [#whileOneLeads].
    String awaitLeader() {
        List<String> found = new ArrayList<>();
        TestNodes.await("somebody leads", () -> {
            leader().ifPresent(found::add);
            return !found.isEmpty();
        });
        return found.getFirst();
    }

    /// What a test does with one leader.
    interface Scene {
        void play(String leader, String follower) throws Exception;
    }

    /// Plays a scene that is true only while one and the same node leads and all nodes know it. On a busy
    /// machine an election may come between its lines; then it is played again, and what fails without one
    /// fails for good.
    void whileOneLeads(Scene scene) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TestNodes.PATIENCE_S);
        while (true) {
            Map<String, String> before = awaitAgreement();
            String leader = before.values().iterator().next().replaceFirst(" .*", "");
            String follower = running.keySet().stream()
                    .filter(id -> !id.equals(leader))
                    .findFirst()
                    .orElseThrow();
            try {
                scene.play(leader, follower);
                return;
            } catch (Exception | AssertionError failure) {
                if (before.equals(terms()) || System.nanoTime() > deadline) {
                    throw failure;
                }
            }
        }
    }

    /// The term that all nodes agree on, after waiting for that.
    long awaitTerm() {
        return Long.parseLong(awaitAgreement().values().iterator().next().replaceFirst(".* ", ""));
    }

    private Map<String, String> awaitAgreement() {
        List<Map<String, String>> found = new ArrayList<>();
        TestNodes.await("all know the leader", () -> {
            Map<String, String> terms = terms();
            boolean agreed = Set.copyOf(terms.values()).size() == 1 && !terms.containsValue("") && leader().isPresent();
            if (agreed) {
                found.add(terms);
            }
            return agreed;
        });
        return found.getFirst();
    }

    /// What each node says of its group: `leader term`, or nothing.
    private Map<String, String> terms() {
        Map<String, String> terms = new TreeMap<>();
        running.forEach((id, node) -> {
            String said = "";
            try {
                Matcher view = VIEW.matcher(
                        Wire.call(node.address(), "GET /v1/cluster", "").body());
                said = view.find() ? view.group(2) + ' ' + view.group(1) : "";
            } catch (IOException gone) {
                // says nothing
            }
            terms.put(id, said);
        });
        return terms;
    }

    String aFollower() {
        String leader = awaitLeader();
        return running.keySet().stream()
                .filter(id -> !id.equals(leader))
                .findFirst()
                .orElseThrow();
    }

    /// All at once: one after the other, each leader would look for a successor first.
    @Override
    public void close() {
        List<Thread> closing = new ArrayList<>();
        running.values().forEach(node -> closing.add(Thread.ofPlatform().start(node::close)));
        running.clear();
        for (Thread thread : closing) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while the nodes were closing", e);
            }
        }
    }
}
