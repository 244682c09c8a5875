package io.millrace.faults;

import io.millrace.faults.stage.Machine;
import io.millrace.faults.stage.Sandbox;
import io.millrace.faults.stage.Setup;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `millrace verify`.
@Command(
        name = "millrace verify",
        mixinStandardHelpOptions = true,
        description = {
            "Breaks nodes while clients use them, and checks what the nodes promised.",
            "",
            "Starts nodes of its own; nothing that runs already is touched. As root on Linux the nodes get networks and",
            "disks of their own, so that both can be broken; what is not possible here is listed as skipped."
        },
        footer = {
            "",
            "@|bold Examples:|@",
            "  millrace verify --faults                         every row, three nodes",
            "  millrace verify --faults kill-leader power-all   two rows",
            "  millrace verify --faults --nodes 1 --rounds 10   a single node, ten faults in each row",
            "  millrace verify --faults --groups 4 --tls        four Raft groups, everything encrypted",
            "  millrace verify --faults --nodes 5 --groups 4 --replication-factor 3",
            "                                                   each record on three of five nodes",
            "  millrace verify --faults --planted               does each row notice a bug?",
            "",
            "@|bold Exit codes:|@ 0 all promises kept, 1 not so, 2 wrong usage."
        })
public final class Main implements Callable<Integer> {
    private static final int GROUPS_MAX = 16;
    private static final int REPLICAS_MIN = 3;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call
    private CommandSpec spec;

    @Option(names = "--faults", description = "Run the table of faults.")
    private boolean faults;

    @Parameters(arity = "0..*", paramLabel = "ROW", description = "The rows to run; all when none is named.")
    private List<String> names = List.of();

    @Option(names = "--list", description = "List the rows and end.")
    private boolean list;

    @Option(names = "--planted", description = "Plant a bug in each row and demand that it is noticed.")
    private boolean planted;

    @Option(names = "--nodes", paramLabel = "N", description = "Nodes of the cluster (default: ${DEFAULT-VALUE}).")
    private int nodes = 3;

    @Option(
            names = "--groups",
            paramLabel = "N",
            description = "Raft groups of the cluster (raft.groups, default: ${DEFAULT-VALUE}).")
    private int groups = 1;

    @Option(
            names = "--replication-factor",
            paramLabel = "R",
            description = {
                "Nodes that hold each group but the first (raft.replication-factor); needs --groups of two or more",
                "(default: every node holds everything)."
            })
    private int replicationFactor;

    @Option(names = "--tls", description = "Encrypt everything, with certificates of `millrace cluster certs`.")
    private boolean tls;

    @Option(names = "--rounds", paramLabel = "N", description = "Faults in each row (default: ${DEFAULT-VALUE}).")
    private int rounds = 3;

    @Option(names = "--seed", paramLabel = "N", description = "Draws the same times and victims again.")
    private @Nullable Long seed;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            description = "Go on, with other seeds, until so many minutes have passed.")
    private double minutes;

    @Option(names = "--report", paramLabel = "FILE", description = "Append the table to a file, as Markdown.")
    private @Nullable Path report;

    @Option(names = "--keep", description = "Keep logs and histories also when all is well.")
    private boolean keep;

    @Option(names = "--dir", paramLabel = "FOLDER", description = "Where to write (default: a new temporary folder).")
    private @Nullable Path folder;

    private String[] arguments = {};

    public static void main(String[] arguments) {
        Main main = new Main();
        main.arguments = arguments.clone();
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(out);
        System.exit(new CommandLine(main).setUsageHelpWidth(118).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (list) {
            Rows.all()
                    .forEach(row -> System.out.printf(
                            "%-16s %-45s planted bug: %s%n",
                            row.name(), row.what(), row.planted().what()));
            return 0;
        }
        if (!faults) {
            throw new ParameterException(
                    spec.commandLine(), "Say what to verify: --faults runs the table of faults; --help explains.");
        }
        List<Row> rows = rows(names);
        check(nodes >= 1 && nodes <= 7, "--nodes takes 1 to 7, not " + nodes);
        check(groups >= 1 && groups <= GROUPS_MAX, "--groups takes 1 to " + GROUPS_MAX + ", not " + groups);
        check(
                replicationFactor == 0 || groups > 1,
                "--replication-factor needs --groups of 2 or more: the first group is on every node");
        check(
                replicationFactor == 0 || (replicationFactor >= REPLICAS_MIN && replicationFactor <= nodes),
                "--replication-factor takes " + REPLICAS_MIN + " to --nodes, which is " + nodes
                        + ": with fewer a group does not survive what the rows do to one node; not "
                        + replicationFactor);
        check(rounds >= 1, "--rounds takes 1 or more, not " + rounds);
        if (!Sandbox.isInside() && Sandbox.obstacle().isEmpty()) {
            return Sandbox.enter(Main.class, Arrays.asList(arguments));
        }
        return run(rows);
    }

    private void check(boolean holds, String complaint) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), complaint);
        }
    }

    private List<Row> rows(List<String> names) {
        if (names.isEmpty()) {
            return Rows.all();
        }
        List<Row> rows = new ArrayList<>();
        for (String name : names) {
            rows.add(Rows.named(name)
                    .orElseThrow(() -> new ParameterException(
                            spec.commandLine(), "There is no row '" + name + "'; --list lists them.")));
        }
        return rows;
    }

    private int run(List<Row> rows) throws IOException, InterruptedException {
        Path root = root();
        Path all = folder != null ? Files.createDirectories(folder) : Files.createTempDirectory("millrace-faults");
        Machine machine = Machine.survey(all);
        long first = seed != null ? seed : System.nanoTime() & 0xffff_ffffL;
        long deadline = System.nanoTime() + (long) (minutes * TimeUnit.MINUTES.toNanos(1));
        boolean failed = false;
        long next = first;
        do {
            failed |= runOnce(
                    rows,
                    new Campaign(
                            root, all, machine, nodes, new Setup(groups, replicationFactor, tls), rounds, next, keep));
            next++;
        } while (System.nanoTime() < deadline);
        if (!failed && !keep && folder == null) {
            Files.deleteIfExists(all); // rows have removed their own folders
        }
        return failed ? 1 : 0;
    }

    private boolean runOnce(List<Row> rows, Campaign campaign) throws IOException, InterruptedException {
        System.out.printf(
                "%d node%s%s, %d round%s a row, seed %d%n",
                nodes,
                nodes == 1 ? "" : "s",
                campaign.setup().remark(),
                rounds,
                rounds == 1 ? "" : "s",
                campaign.seed());
        List<RowResult> results = new ArrayList<>();
        for (Row row : rows) {
            System.out.printf("%-16s %s … ", row.name(), planted ? row.planted().what() : row.what());
            System.out.flush();
            RowResult result = planted ? campaign.prove(row) : campaign.run(row);
            results.add(result);
            System.out.println(summary(result));
            if (result instanceof RowResult.Checked checked && !checked.isFailure()) {
                System.out.println("  answers to writes: " + Report.answers(checked.answers()));
            }
            System.out.print(Report.details(result));
        }
        String table = Report.table(results);
        System.out.println();
        System.out.print(table);
        if (report != null) {
            append(report, campaign, table, results);
        }
        return results.stream().anyMatch(RowResult::isFailure);
    }

    private static String summary(RowResult result) {
        return switch (result) {
            case RowResult.Skipped(Row _, String reason) -> "skipped: " + reason;
            case RowResult.Broken _ -> "FAILED";
            case RowResult.Checked checked ->
                "%s (%d records acknowledged, %.0f s)"
                        .formatted(
                                checked.isFailure() ? "FAILED" : "ok",
                                checked.verdict().acknowledged(),
                                checked.seconds());
            case RowResult.Proved proved -> proved.isCaught() ? "caught" : "NOT CAUGHT";
        };
    }

    private void append(Path file, Campaign campaign, String table, List<RowResult> results) throws IOException {
        StringBuilder text = new StringBuilder("\n## %s, seed %d%s\n\n%d nodes%s, %d rounds a row.\n\n"
                .formatted(
                        LocalDate.now(ZoneOffset.UTC),
                        campaign.seed(),
                        planted ? ", planted bugs" : "",
                        nodes,
                        campaign.setup().remark(),
                        rounds));
        text.append(table);
        for (RowResult result : results) {
            String details = Report.details(result);
            if (!details.isEmpty()) {
                text.append('\n').append(details.indent(4));
            }
        }
        Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static Path root() throws IOException {
        String root = System.getProperty("millrace.root", "");
        if (root.isEmpty() || !Files.isExecutable(Path.of(root, "millrace"))) {
            throw new IOException("the launcher was not found; start this with `millrace verify`");
        }
        return Path.of(root);
    }
}
