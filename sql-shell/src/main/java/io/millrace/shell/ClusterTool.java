package io.millrace.shell;

import io.millrace.shell.cluster.DevelopmentCertificates;
import io.millrace.shell.cluster.LocalCluster;
import io.millrace.shell.cluster.LocalNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `millrace cluster …`: several nodes on this machine, to try things out. Real processes in real folders.
@Command(
        name = "cluster",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Run a cluster of several nodes on this machine, to try it out: separate processes in separate folders."
        },
        subcommands = {
            ClusterTool.Up.class,
            ClusterTool.Down.class,
            ClusterTool.Status.class,
            ClusterTool.Add.class,
            ClusterTool.Start.class,
            ClusterTool.Stop.class,
            ClusterTool.Kill.class,
            ClusterTool.Certs.class
        })
final class ClusterTool implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "Say what to do with the cluster: up, down, status, add, start, stop, kill or certs");
    }

    /// What all of them share.
    static final class Where {
        @Spec(Spec.Target.MIXEE)
        @SuppressWarnings("NullAway.Init") // set by picocli
        private CommandSpec spec;

        @Option(
                names = "--dir",
                paramLabel = "FOLDER",
                description = "Folder of the cluster; one folder a node below it. Default: ${DEFAULT-VALUE}.")
        private Path folder = Path.of("cluster");

        private LocalCluster existing(Streams streams) throws IOException {
            return LocalCluster.open(folder, launcher(streams))
                    .orElseThrow(() -> new ParameterException(
                            spec.commandLine(),
                            "There is no cluster in " + folder + "; 'millrace cluster up' makes one."));
        }

        private LocalNode node(LocalCluster cluster, String id) {
            return cluster.node(id)
                    .orElseThrow(() -> new ParameterException(
                            spec.commandLine(),
                            "There is no node '" + id + "'; the nodes are "
                                    + String.join(
                                            ", ",
                                            cluster.nodes().stream()
                                                    .map(LocalNode::id)
                                                    .toList()) + "."));
        }

        private String launcher(Streams streams) {
            String launcher = streams.environment().get("MILLRACE_LAUNCHER");
            if (launcher == null) {
                throw new ParameterException(
                        spec.commandLine(),
                        "MILLRACE_LAUNCHER must name the script that starts nodes: run ./millrace.");
            }
            return launcher;
        }
    }

    private static void printTable(Streams streams, LocalCluster cluster, boolean ready) {
        cluster.table(Duration.ofSeconds(2)).forEach(streams.out()::println);
        if (ready) {
            cluster.nodes().stream()
                    .filter(LocalNode::isRunning)
                    .findFirst()
                    .ifPresent(node -> printFirstSteps(streams, cluster, node));
        }
        streams.out().flush();
    }

    private static void printFirstSteps(Streams streams, LocalCluster cluster, LocalNode node) {
        String curl =
                "curl" + cluster.authority().map(file -> " --cacert " + file).orElse("");
        String launcher = streams.environment().getOrDefault("MILLRACE_LAUNCHER", "millrace");
        String urls = String.join(
                ",",
                cluster.nodes().stream().map(known -> known.http().toString()).toList());
        streams.out().println();
        streams.out()
                .println("Try:  %s -L %s/broker/topics -d '{\"name\":\"orders\",\"partitions\":2}'"
                        .formatted(curl, node.http()));
        streams.out()
                .println("      %s -L '%s/broker/topics/orders/produce?partition=0' -d 'hello'"
                        .formatted(curl, node.http()));
        streams.out()
                .println("      %s sql --url %s%s"
                        .formatted(
                                launcher,
                                urls,
                                cluster.authority().map(file -> " --ca " + file).orElse("")));
    }

    /// `millrace cluster up`.
    @Command(
            name = "up",
            mixinStandardHelpOptions = true,
            description = "Make a cluster and start its nodes, or start those that do not run.")
    static final class Up implements Callable<Integer> {
        private final Streams streams;

        @Spec
        @SuppressWarnings("NullAway.Init") // set by picocli
        private CommandSpec spec;

        @Mixin
        private Where where = new Where();

        @Option(names = "--nodes", paramLabel = "COUNT", description = "How many, 1 to 7. Default: 3.")
        private @Nullable Integer nodes;

        @Option(
                names = "--base-port",
                paramLabel = "PORT",
                description = "Raft port of n1, HTTP is the next one; each further node 1000 higher. Default: 7000.")
        private @Nullable Integer basePort;

        @Option(
                names = "--set",
                paramLabel = "KEY=VALUE",
                description = "A setting of every node, such as log-level=debug; may be repeated.")
        private Map<String, String> settings = new LinkedHashMap<>();

        @Option(
                names = "--tls",
                description = "Encrypt everything: makes an authority and certificates in the folder's certs.")
        private boolean tls;

        @Option(
                names = "--wait-s",
                paramLabel = "SECONDS",
                description = "How long to wait. Default: ${DEFAULT-VALUE}.")
        private int waitSeconds = 120;

        Up(Streams streams) {
            this.streams = streams;
        }

        @Override
        public Integer call() throws IOException, InterruptedException {
            String launcher = where.launcher(streams);
            LocalCluster cluster = LocalCluster.open(where.folder, launcher).orElse(null);
            if (cluster == null) {
                int count = nodes == null ? 3 : nodes;
                int base = basePort == null ? 7000 : basePort;
                if (count < 1 || count > LocalCluster.NODES_MAX) {
                    throw new ParameterException(
                            spec.commandLine(), "--nodes must be 1 to " + LocalCluster.NODES_MAX + ", not " + count);
                }
                if (base < 1 || base + (count - 1) * LocalCluster.PORT_STEP + 1 > 65_535) {
                    throw new ParameterException(
                            spec.commandLine(), "--base-port " + base + " leaves no ports for " + count + " nodes");
                }
                cluster = LocalCluster.make(where.folder, launcher, count, base, tls, settings);
            } else if (nodes != null && nodes != cluster.nodes().size()) {
                throw new ParameterException(
                        spec.commandLine(),
                        "The cluster in %s has %d nodes; 'millrace cluster add' adds one."
                                .formatted(where.folder, cluster.nodes().size()));
            } else if (basePort != null
                    || !settings.isEmpty()
                    || (tls && cluster.authority().isEmpty())) {
                throw new ParameterException(
                        spec.commandLine(),
                        "The cluster in " + where.folder
                                + " exists; its ports, settings and encryption were chosen when it was made.");
            }
            List<String> started = new ArrayList<>();
            for (LocalNode node : cluster.nodes()) {
                if (!node.isRunning()) {
                    node.start();
                    started.add(node.id());
                }
            }
            streams.err()
                    .println(
                            started.isEmpty()
                                    ? "All nodes run already."
                                    : "Starting " + String.join(", ", started) + " …");
            streams.err().flush();
            boolean ready = cluster.awaitReady(Duration.ofSeconds(waitSeconds), streams.err()::println);
            printTable(streams, cluster, ready);
            return ready ? 0 : 1;
        }
    }

    /// `millrace cluster down`.
    @Command(name = "down", mixinStandardHelpOptions = true, description = "Stop all nodes; their data stays.")
    static final class Down implements Callable<Integer> {
        private final Streams streams;

        @Mixin
        private Where where = new Where();

        Down(Streams streams) {
            this.streams = streams;
        }

        @Override
        public Integer call() throws IOException, InterruptedException {
            LocalCluster cluster = where.existing(streams);
            return cluster.stop(cluster.nodes(), streams.out()::println) ? 0 : 1;
        }
    }

    /// `millrace cluster status`.
    @Command(
            name = "status",
            mixinStandardHelpOptions = true,
            description = "Show the nodes: whether they run and are ready, who leads, how far each is.")
    static final class Status implements Callable<Integer> {
        private final Streams streams;

        @Mixin
        private Where where = new Where();

        Status(Streams streams) {
            this.streams = streams;
        }

        @Override
        public Integer call() throws IOException {
            LocalCluster cluster = where.existing(streams);
            printTable(streams, cluster, false);
            return cluster.nodes().stream().allMatch(LocalNode::isRunning) ? 0 : 1;
        }
    }

    /// `millrace cluster add`.
    @Command(
            name = "add",
            mixinStandardHelpOptions = true,
            description = "Start one more node, which joins and gets a copy of everything.")
    static final class Add implements Callable<Integer> {
        private final Streams streams;

        @Spec
        @SuppressWarnings("NullAway.Init") // set by picocli
        private CommandSpec spec;

        @Mixin
        private Where where = new Where();

        Add(Streams streams) {
            this.streams = streams;
        }

        @Override
        public Integer call() throws IOException, InterruptedException {
            LocalCluster cluster = where.existing(streams);
            if (cluster.nodes().size() == LocalCluster.NODES_MAX) {
                throw new ParameterException(
                        spec.commandLine(), "A cluster has up to " + LocalCluster.NODES_MAX + " nodes.");
            }
            LocalNode node = cluster.add();
            node.start();
            streams.err().println("Starting " + node.id() + ", which joins …");
            streams.err().flush();
            boolean ready = cluster.awaitReady(Duration.ofMinutes(2), streams.err()::println);
            printTable(streams, cluster, false);
            return ready ? 0 : 1;
        }
    }

    /// One node by its name.
    abstract static class OneNode implements Callable<Integer> {
        final Streams streams;

        @Mixin
        private Where where = new Where();

        @Parameters(index = "0", paramLabel = "NODE", description = "Its name, such as n2.")
        private String id = "";

        OneNode(Streams streams) {
            this.streams = streams;
        }

        @Override
        public Integer call() throws IOException, InterruptedException {
            LocalCluster cluster = where.existing(streams);
            return act(cluster, where.node(cluster, id));
        }

        abstract int act(LocalCluster cluster, LocalNode node) throws IOException, InterruptedException;
    }

    /// `millrace cluster start`.
    @Command(name = "start", mixinStandardHelpOptions = true, description = "Start one node.")
    static final class Start extends OneNode {
        Start(Streams streams) {
            super(streams);
        }

        @Override
        int act(LocalCluster cluster, LocalNode node) throws IOException, InterruptedException {
            if (node.isRunning()) {
                streams.err().println(node.id() + " runs already.");
                return 0;
            }
            node.start();
            boolean ready = cluster.awaitReady(List.of(node), Duration.ofSeconds(60), streams.err()::println);
            streams.out().println(ready ? node.id() + " is ready." : node.id() + " is not ready yet.");
            return ready ? 0 : 1;
        }
    }

    /// `millrace cluster stop`.
    @Command(name = "stop", mixinStandardHelpOptions = true, description = "Stop one node as it should be stopped.")
    static final class Stop extends OneNode {
        Stop(Streams streams) {
            super(streams);
        }

        @Override
        int act(LocalCluster cluster, LocalNode node) throws IOException, InterruptedException {
            return cluster.stop(List.of(node), streams.out()::println) ? 0 : 1;
        }
    }

    /// `millrace cluster kill`.
    @Command(name = "kill", mixinStandardHelpOptions = true, description = "Kill one node as a crash would (kill -9).")
    static final class Kill extends OneNode {
        Kill(Streams streams) {
            super(streams);
        }

        @Override
        int act(LocalCluster cluster, LocalNode node) throws IOException, InterruptedException {
            streams.out().println(node.kill() ? node.id() + " is dead." : node.id() + " did not run.");
            return 0;
        }
    }

    /// `millrace cluster certs`.
    @Command(
            name = "certs",
            mixinStandardHelpOptions = true,
            description = {
                "Make an authority and one certificate a node, to try encryption out. An authority that is there is used",
                "again; for a real one keep its key away from the nodes."
            })
    static final class Certs implements Callable<Integer> {
        private final Streams streams;

        @Spec
        @SuppressWarnings("NullAway.Init") // set by picocli
        private CommandSpec spec;

        @Option(names = "--dir", paramLabel = "FOLDER", description = "Where. Default: ${DEFAULT-VALUE}.")
        private Path folder = Path.of("certs");

        @Option(
                names = "--nodes",
                paramLabel = "ID[,ID...]",
                split = ",",
                description = "Names of the nodes. Default: ${DEFAULT-VALUE}.")
        private List<String> nodes = new ArrayList<>(List.of("n1", "n2", "n3"));

        @Option(
                names = "--hosts",
                paramLabel = "HOST[,HOST...]",
                split = ",",
                description =
                        "Names and addresses at which the nodes are reached, beside their ids, localhost and 127.0.0.1.")
        private List<String> hosts = new ArrayList<>();

        @Option(
                names = "--days",
                paramLabel = "DAYS",
                description = "How long they are valid. Default: ${DEFAULT-VALUE}.")
        private int days = 365;

        @Option(
                names = "--renew",
                description = "Replace certificates that are there; running nodes read them by themselves.")
        private boolean renew;

        Certs(Streams streams) {
            this.streams = streams;
        }

        @Override
        public Integer call() throws IOException, InterruptedException {
            List<Path> written;
            try {
                written = DevelopmentCertificates.make(folder, nodes, hosts, days, renew);
            } catch (IllegalArgumentException mistake) {
                throw new ParameterException(spec.commandLine(), String.valueOf(mistake.getMessage()), mistake);
            }
            written.forEach(streams.out()::println);
            if (written.isEmpty()) {
                streams.err().println("Everything is there already; --renew replaces the nodes' certificates.");
            }
            return 0;
        }
    }
}
