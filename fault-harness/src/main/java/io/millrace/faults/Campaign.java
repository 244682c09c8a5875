package io.millrace.faults;

import io.millrace.faults.check.Checker;
import io.millrace.faults.check.Verdict;
import io.millrace.faults.history.History;
import io.millrace.faults.load.Lie;
import io.millrace.faults.stage.Machine;
import io.millrace.faults.stage.Need;
import io.millrace.faults.stage.Setup;
import io.millrace.faults.stage.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Runs rows, one after another, each with nodes, clients and a history of its own.
///
/// @param root the project's folder
/// @param folder for everything that is written
/// @param nodes in the cluster
/// @param setup of the nodes
/// @param rounds of each row: faults and repairs
/// @param seed of the whole campaign; a row's seed follows from it and the row's name
/// @param keep whether logs and histories stay also when all is well
public record Campaign(
        Path root, Path folder, Machine machine, int nodes, Setup setup, int rounds, long seed, boolean keep) {
    private static final long CALM_MS_MIN = 400;
    private static final long CALM_MS_MAX = 1_200;
    /// How long Millrace's own client retries unless it is told otherwise.
    static final long RETRIES_MS_MAX = 15_000;

    private static final long WRITES_BEFORE = 20;
    private static final Duration LOAD_PATIENCE = Duration.ofSeconds(120);
    private static final Duration RESOLVE_PATIENCE = Duration.ofSeconds(60);
    private static final Duration TOPIC_PATIENCE = Duration.ofSeconds(60);
    private static final Duration CONVERGENCE_PATIENCE = Duration.ofSeconds(90);

    /// Statuses that a write may get while things are broken. All others are problems.
    private static final Set<String> EXPECTED_ANSWERS = Set.of(
            "200",
            "no connection",
            "no answer",
            "307 not_leader",
            "429 quota_exceeded",
            "503 no_leader",
            "503 not_ready",
            "503 overloaded",
            "503 shutting_down",
            "503 write_failed",
            "504 outcome_unknown",
            "504 partly_written",
            "507 disk_full");

    /// Runs a row as it is.
    public RowResult run(Row row) throws InterruptedException {
        String obstacle = obstacle(row, row.needs());
        if (!obstacle.isEmpty()) {
            return new RowResult.Skipped(row, obstacle);
        }
        return run(row, row.round(), row.needs(), null, false);
    }

    /// Runs a row with its planted bug.
    public RowResult prove(Row row) throws InterruptedException {
        EnumSet<Need> needs = EnumSet.noneOf(Need.class);
        needs.addAll(row.planted().needs());
        Row.Round planted = row.planted().round();
        if (planted == null) {
            needs.addAll(row.needs());
        }
        String obstacle = obstacle(row, needs);
        if (!obstacle.isEmpty()) {
            return new RowResult.Skipped(row, obstacle);
        }
        return run(
                row,
                planted == null ? row.round() : planted,
                needs,
                row.planted().lie(),
                true);
    }

    private String obstacle(Row row, Set<Need> needs) {
        String obstacle = row.obstacle(nodes, setup);
        return obstacle.isEmpty() ? machine.obstacle(needs) : obstacle;
    }

    /// What a client noticed that repeats its writes; null for nothing, or when it may notice.
    static @Nullable String noticed(Row row, Verdict verdict) {
        boolean mayNotice = row.course() == Row.Course.BROKEN || row.course() == Row.Course.MOVING;
        return mayNotice || verdict.retriedMsMax() <= RETRIES_MS_MAX
                ? null
                : "a write with a key needed %d ms of retries; clients give up after %d"
                        .formatted(verdict.retriedMsMax(), RETRIES_MS_MAX);
    }

    /// A row's seed does not depend on which other rows run.
    long seedOf(Row row) {
        return seed * 31 + row.name().hashCode();
    }

    private RowResult run(Row row, Row.Round round, Set<Need> needs, @Nullable Lie lie, boolean planted)
            throws InterruptedException {
        long rowSeed = seedOf(row);
        Path own = folder.resolve(row.name() + (planted ? "-planted-" : "-") + seed);
        int first = row.course().firstNodes(nodes);
        long beginNs = System.nanoTime();
        RowResult result;
        try {
            Files.createDirectories(folder);
            if (Files.exists(own)) { // records of another run would be found and taken for phantoms
                throw new IOException(own + " exists, from a run with the same seed; name another --dir or --seed");
            }
            Files.createDirectory(own);
            try (History history = new History(own.resolve("history.txt"));
                    Stage stage = new Stage(root, own, first, setup, needs, history, rowSeed, lie)) {
                List<String> problems = play(stage, round);
                history.close();
                Verdict verdict = Checker.check(History.read(history.file()));
                if (verdict.acknowledged() == 0) {
                    problems.add("no record was acknowledged, so nothing was tested");
                }
                String noticed = noticed(row, verdict);
                if (noticed != null) {
                    problems.add(noticed);
                }
                RowResult.Checked checked = new RowResult.Checked(
                        row,
                        rowSeed,
                        verdict,
                        stage.progress().resumedAfterMs(),
                        stage.restarts(),
                        stage.workload().answers(),
                        problems,
                        (System.nanoTime() - beginNs) / 1e9,
                        own.toString());
                result = planted ? new RowResult.Proved(row, checked) : checked;
            }
        } catch (IOException broken) {
            String message = broken.getMessage();
            result = new RowResult.Broken(row, rowSeed, message == null ? broken.toString() : message, own.toString());
        }
        if (!keep && !result.isFailure()) {
            delete(own);
        }
        return result;
    }

    private List<String> play(Stage stage, Row.Round round) throws IOException, InterruptedException {
        stage.startAll();
        stage.cluster().awaitPlaced();
        stage.workload().createTopic(TOPIC_PATIENCE);
        stage.workload().start();
        stage.workload().awaitAcknowledged(WRITES_BEFORE, LOAD_PATIENCE);
        for (int i = 0; i < rounds; i++) {
            TimeUnit.MILLISECONDS.sleep(stage.random().nextLong(CALM_MS_MIN, CALM_MS_MAX));
            round.run(stage);
        }
        TimeUnit.MILLISECONDS.sleep(CALM_MS_MIN);
        List<String> problems = new ArrayList<>();
        int unresolved = stage.workload().stop(RESOLVE_PATIENCE);
        if (unresolved > 0) {
            problems.add(unresolved + " records with a key found out nothing within " + RESOLVE_PATIENCE.toSeconds()
                    + " s of retries");
        }
        stage.cluster().awaitPlaced();
        stage.progress().awaitConvergence(CONVERGENCE_PATIENCE);
        stage.readEverything();
        stage.workload().answers().forEach((code, count) -> {
            if (!EXPECTED_ANSWERS.contains(code)) {
                problems.add(count + " writes were answered " + code);
            }
        });
        stage.workload().surprises().forEach(surprise -> problems.add(surprise.toString()));
        return problems;
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException left) {
            System.err.printf(Locale.ROOT, "could not delete %s: %s%n", folder, left);
        }
    }
}
