package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.RecordReader;
import io.millrace.log.disk.SimulatedDisk;
import io.millrace.query.CheckpointFolder;
import io.millrace.query.EngineSettings;
import io.millrace.query.OutputPort;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryEngines;
import io.millrace.query.QueryInfo;
import io.millrace.query.Seeds;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What a persistent query does when something is in its way: compared with counts that the test keeps itself.
class PersistentRecoveryTest {
    private static final EngineSettings SETTINGS = new EngineSettings(100, 0, 16, Long.MAX_VALUE, 50, 1_000_000, 5);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Path CHECKPOINTS = Path.of("/checkpoints");
    private static final String VIEW = """
            CREATE MATERIALIZED VIEW pages WITH (unbounded = 'allow', partitions = 2) AS
            SELECT page, COUNT(*) AS clicks FROM clicks GROUP BY page""";

    @TempDir
    Path folder;

    private final SplittableRandom random = new SplittableRandom(Seeds.first(7));
    private final List<String> pages = new ArrayList<>(); // of every click
    private LocalTopics topics;
    private SimulatedDisk disk;

    @BeforeEach
    void declareClicks() throws Exception {
        topics = new LocalTopics(folder);
        disk = new SimulatedDisk(1);
        topics.create("clicks", 2);
        try (QueryEngine engine = open()) {
            assertThat(Recorder.run(engine, "CREATE STREAM clicks (page VARCHAR) WITH (topic = 'clicks')")
                            .failure())
                    .isNull();
        }
    }

    @AfterEach
    void closeTopics() throws IOException {
        topics.close();
    }

    @Test
    void aStartFromACheckpointReadsNothingThatWasReadBefore() throws Exception {
        keep(VIEW, 100);
        deleteInput(); // it could not be read again
        click(20);

        try (QueryEngine engine = open()) {
            await("caught up", () -> caughtUp(engine, "pages"));
            assertThat(table()).isEqualTo(counted(pages));
        }
    }

    @Test
    void aDamagedCheckpointCostsAReplayAndNothingElse() throws Exception {
        keep(VIEW, 100);
        damageCheckpoints();
        click(20);

        try (QueryEngine engine = open()) {
            await("caught up", () -> caughtUp(engine, "pages"));
            assertThat(engine.query("pages").orElseThrow().rowsIn()).isEqualTo(120);
            assertThat(table()).isEqualTo(counted(pages));
        }
    }

    @Test
    void inputThatIsGoneIsAnErrorThatNamesThePlaceAndNeverAnotherAnswer() throws Exception {
        keep(VIEW, 100);
        Map<String, Long> before = table();
        long deletedBelow = topics.endOffset("clicks", 1);
        topics.deleteBefore("clicks", 1, deletedBelow);
        damageCheckpoints();
        click(20);

        try (QueryEngine engine = open()) {
            await("failed", () -> state(engine, "pages").equals("failed"));
            assertThat(engine.query("pages").orElseThrow().failure())
                    .contains("topic 'clicks', partition 1")
                    .contains("offset 0")
                    .contains("below " + deletedBelow)
                    .contains("CREATE OR REPLACE");
            assertThat(table()).isEqualTo(before);

            String replaced = VIEW.replace("CREATE ", "CREATE OR REPLACE ");
            assertThat(Recorder.run(engine, replaced).failure()).isNull();
            await("caught up", () -> caughtUp(engine, "pages"));
            assertThat(table()).isEqualTo(counted(read("clicks", false)));
        }
        try (QueryEngine engine = open()) { // and it goes on from there, not from the note of the first time
            click(20);
            await("caught up", () -> caughtUp(engine, "pages"));
            assertThat(table()).isEqualTo(counted(read("clicks", false)));
        }
    }

    @Test
    void aTopicThatCannotBeSeenYetIsWaitedFor() throws Exception {
        keep(VIEW, 100);
        topics.notHeardOf("pages");

        try (QueryEngine engine = open()) {
            click(20);
            await("waits", () -> state(engine, "pages").equals("waiting: nobody has told what 'pages' holds"));
            topics.notHeardOf(null);
            await("caught up", () -> caughtUp(engine, "pages"));
            assertThat(state(engine, "pages")).isEqualTo("running");
            assertThat(table()).isEqualTo(counted(pages));
        }
        topics.notHeardOf("pages");
        try (QueryEngine engine = open()) { // a node may stop while a query waits
            await("waits again", () -> state(engine, "pages").startsWith("waiting: nobody"));
        }
    }

    @Test
    void aTopicMadeAgainUnderTheSameNameIsNotTheInputThatWasRead() throws Exception {
        keep(VIEW, 10);
        topics.deleteTopic("clicks").join();
        topics.create("clicks", 2);

        try (QueryEngine engine = open()) {
            await("failed", () -> state(engine, "pages").equals("failed"));
            assertThat(engine.query("pages").orElseThrow().failure())
                    .startsWith("Topic 'clicks' has been deleted and made again");
        }
    }

    @Test
    void aRefusedAppendIsTriedAgainAndTheStateSaysWhatIsWaitedFor() throws Exception {
        try (QueryEngine engine = open()) {
            assertThat(Recorder.run(engine, VIEW).failure()).isNull();
            await("started", () -> state(engine, "pages").equals("running"));
            topics.refuse("the disk is full");
            click(50);
            await("waiting", () -> state(engine, "pages").equals("waiting: the disk is full"));
            topics.refuse(null);
            await("caught up", () -> caughtUp(engine, "pages"));
            assertThat(table()).isEqualTo(counted(pages));
            assertThat(state(engine, "pages")).isEqualTo("running");
        }
    }

    static LongStream seeds() {
        return Seeds.from(1, 6);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everyResultIsThereOnceWhenAppendsFailAtRandom(long seed) throws Exception {
        topics.limitAppends(150); // several parts a step
        try (QueryEngine engine = open()) {
            assertThat(Recorder.run(engine, VIEW).failure()).isNull();
            assertThat(Recorder.run(engine, "CREATE STREAM copies WITH (partitions = 2) AS SELECT page FROM clicks")
                            .failure())
                    .isNull();
            topics.trouble(new SplittableRandom(seed));
            for (int i = 0; i < 20; i++) {
                click(10);
                LockSupport.parkNanos(5_000_000);
            }
            await("caught up", () -> caughtUp(engine, "pages") && caughtUp(engine, "copies"));
            assertThat(table()).as("seed %d", seed).isEqualTo(counted(pages));
            assertThat(counted(read("copies", false))).as("seed %d", seed).isEqualTo(counted(pages));
        } finally {
            topics.trouble(null);
        }
    }

    @Test
    void aStepWrittenInPartsIsThereOnceWhereverItIsInterrupted() throws Exception {
        topics.limitAppends(200);
        click(60);
        int appends = 0;
        for (int crash = 1; crash == 1 || crash <= appends + 1; crash++) {
            for (boolean written : new boolean[] {false, true}) {
                String name = "copies" + crash + written;
                String create = "CREATE STREAM " + name + " WITH (partitions = 2) AS SELECT page FROM clicks";
                int before = topics.stampedAppends();
                topics.crashAtAppend(crash, written);
                try (QueryEngine engine = open()) {
                    assertThat(Recorder.run(engine, create).failure()).isNull();
                    await("over", () -> state(engine, name).equals("failed") || caughtUp(engine, name));
                    disk.crash();
                }
                disk = new SimulatedDisk(1);
                topics.crashAtAppend(Integer.MAX_VALUE, false);
                try (QueryEngine engine = open()) {
                    await("caught up", () -> caughtUp(engine, name));
                    assertThat(counted(read(name, false)))
                            .as("crash at append %d, written: %s", crash, written)
                            .isEqualTo(counted(pages));
                    assertThat(Recorder.run(engine, "DROP STREAM " + name).failure())
                            .isNull();
                }
                appends = Math.max(appends, topics.stampedAppends() - before);
            }
        }
        assertThat(appends).as("parts").isGreaterThan(6);
    }

    @Test
    void aQueryRunsWhereItsTopicIsLedAndNowhereElse() throws Exception {
        NodeView first = new NodeView(topics, "n2");
        NodeView second = new NodeView(topics, "n1");
        SimulatedDisk otherDisk = new SimulatedDisk(2);
        first.lead(true);
        try (QueryEngine one = open(first, disk);
                QueryEngine two = open(second, otherDisk)) {
            assertThat(Recorder.run(one, VIEW).failure()).isNull();
            click(30);
            await("caught up", () -> caughtUp(one, "pages"));
            await("known to the other", () -> state(two, "pages").equals("on n1"));

            first.lead(false);
            second.lead(true);
            click(30);
            await("taken over", () -> caughtUp(two, "pages"));
            await("released", () -> state(one, "pages").equals("on n2"));
            assertThat(table()).isEqualTo(counted(pages));

            second.lead(false);
            first.lead(true); // which has a checkpoint from before
            click(30);
            await("taken back", () -> caughtUp(one, "pages"));
            assertThat(table()).isEqualTo(counted(pages));

            assertThat(Recorder.run(one, "DROP MATERIALIZED VIEW pages").failure())
                    .isNull();
            await("forgotten", () -> two.queries().isEmpty());
        }
    }

    /// Leadership moves at random, sometimes both believe that they lead; every node keeps its own checkpoints.
    @ParameterizedTest
    @MethodSource("seeds")
    void everyResultIsThereOnceHoweverLeadershipMoves(long seed) throws Exception {
        SplittableRandom fate = new SplittableRandom(seed);
        NodeView[] views = {new NodeView(topics, "n2"), new NodeView(topics, "n1")};
        topics.limitAppends(200);
        views[0].lead(true);
        int steps = 0;
        try (QueryEngine one = open(views[0], disk);
                QueryEngine two = open(views[1], new SimulatedDisk(2))) {
            assertThat(Recorder.run(one, VIEW).failure()).isNull();
            assertThat(Recorder.run(one, """
                            CREATE MATERIALIZED VIEW parities WITH (unbounded = 'allow', partitions = 2) AS
                            SELECT MOD(clicks, 3) AS rest FROM (SELECT page, COUNT(*) AS clicks FROM clicks GROUP BY page)""").failure()).isNull();
            for (int round = 0; round < 25; round++) {
                views[0].lead(fate.nextInt(3) > 0);
                views[1].lead(fate.nextInt(3) > 0);
                for (int i = 0; i < 5; i++) {
                    click(3);
                    LockSupport.parkNanos(fate.nextInt(8_000_000));
                }
            }
            views[1].lead(false);
            views[0].lead(true);
            await(() -> "caught up: " + one.queries(), () -> caughtUp(one, "pages") && caughtUp(one, "parities"));
            Map<String, Long> counts = counted(pages);
            assertThat(table()).as("seed %d", seed).isEqualTo(counts);
            Map<String, Long> parities = new TreeMap<>();
            counts.values().forEach(count -> parities.merge(Long.toString(count % 3), 1L, Long::sum));
            assertThat(weighted("parities")).as("seed %d", seed).isEqualTo(parities);
            steps = topics.stampedAppends();
        }
        assertThat(steps).as("appends with seed %d", seed).isGreaterThan(50);
    }

    @Test
    void aReplacedStreamKeepsItsRecordsAndGoesOnWithTheNewQuery() throws Exception {
        try (QueryEngine engine = open()) {
            assertThat(Recorder.run(engine, "CREATE STREAM copies WITH (partitions = 2) AS SELECT page FROM clicks")
                            .failure())
                    .isNull();
            click(30);
            await("caught up", () -> caughtUp(engine, "copies"));
            List<String> expected = new ArrayList<>(pages);

            assertThat(Recorder.run(
                                    engine,
                                    "CREATE OR REPLACE STREAM copies WITH (partitions = 2) AS"
                                            + " SELECT page FROM clicks WHERE page <> 'p1'")
                            .failure())
                    .isNull();
            int firstNew = pages.size();
            click(30);
            pages.stream().skip(firstNew).filter(page -> !page.equals("p1")).forEach(expected::add);
            await("caught up", () -> caughtUp(engine, "copies"));
            assertThat(counted(read("copies", false))).isEqualTo(counted(expected));
        }
    }

    @Test
    void aReplacedViewIsMadeAgain() throws Exception {
        try (QueryEngine engine = open()) {
            assertThat(Recorder.run(engine, VIEW).failure()).isNull();
            click(30);
            await("caught up", () -> caughtUp(engine, "pages"));

            String few = VIEW.replace("CREATE ", "CREATE OR REPLACE ")
                    .replace("FROM clicks", "FROM clicks WHERE page <> 'p1'");
            assertThat(Recorder.run(engine, few).failure()).isNull();
            click(30);
            await("caught up", () -> caughtUp(engine, "pages"));
            Map<String, Long> expected = counted(pages);
            expected.remove("p1");
            assertThat(table()).isEqualTo(expected);
        }
        try (QueryEngine engine = open()) { // it is the new one that comes back
            click(30);
            await("caught up", () -> caughtUp(engine, "pages"));
            assertThat(table()).doesNotContainKey("p1").hasSizeGreaterThan(1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aQueryThatReadsNothingWritesItsRowsOnce(boolean damaged) throws Exception {
        List<String> creations = List.of(
                "CREATE STREAM constants AS SELECT 1 AS n EMIT FINAL",
                "CREATE STREAM none AS SELECT page FROM clicks WHERE 1 = 0 EMIT FINAL",
                "CREATE STREAM mixed AS SELECT page FROM clicks UNION ALL SELECT 'constant'");
        for (int start = 0; start < 3; start++) {
            try (QueryEngine engine = open()) {
                for (String create : start == 0 ? creations : List.<String>of()) {
                    assertThat(Recorder.run(engine, create).failure()).isNull();
                }
                click(10);
                await("caught up", () -> caughtUp(engine, "mixed"));
                await("written", () -> isWritten("constants"));
                assertThat(Recorder.run(engine, "SELECT * FROM none").rows()).isEmpty();
                List<String> expected = new ArrayList<>(pages);
                expected.add("constant");
                assertThat(counted(read("mixed", false))).isEqualTo(counted(expected));
                assertThat(Recorder.run(engine, "SELECT n FROM constants").rows())
                        .containsExactly("{\"n\":1}");
            }
            for (String query : damaged ? List.of("constants", "none", "mixed") : List.<String>of()) {
                for (String name : disk.list(CHECKPOINTS.resolve(query))) {
                    disk.flipBit(CHECKPOINTS.resolve(query).resolve(name), 8 * 100);
                }
            }
        }
    }

    @Test
    void everyPersistentQueryIsListedFromTheFirstMomentOn() throws Exception {
        keep(VIEW, 10);
        try (QueryEngine engine = open()) {
            assertThat(engine.queries()).extracting(QueryInfo::id).containsExactly("pages");
            assertThat(engine.queries().getFirst().state()).isIn("recovering", "running");
            await("caught up", () -> caughtUp(engine, "pages"));
        }
    }

    // ---- helpers

    private QueryEngine open() {
        return open(topics, disk);
    }

    private QueryEngine open(OutputPort outputs, SimulatedDisk checkpoints) {
        return QueryEngines.open(SETTINGS, topics, outputs, topics, new CheckpointFolder(checkpoints, CHECKPOINTS, 0));
    }

    /// Runs a query over `count` clicks and closes it in peace: with a last checkpoint.
    private void keep(String create, int count) throws Exception {
        try (QueryEngine engine = open()) {
            assertThat(Recorder.run(engine, create).failure()).isNull();
            click(count);
            await("caught up", () -> caughtUp(engine, "pages"));
        }
        assertThat(disk.list(CHECKPOINTS.resolve("pages"))).isNotEmpty();
    }

    private void click(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            String page = "p" + random.nextInt(5);
            topics.write("clicks", random.nextInt(2), "{\"page\":\"" + page + "\"}");
            pages.add(page);
        }
    }

    private void deleteInput() throws IOException {
        for (int partition = 0; partition < 2; partition++) {
            topics.deleteBefore("clicks", partition, topics.endOffset("clicks", partition));
        }
    }

    private void damageCheckpoints() throws IOException {
        Path query = CHECKPOINTS.resolve("pages");
        for (String name : disk.list(query)) {
            disk.flipBit(query.resolve(name), 8 * 100);
        }
    }

    private static String state(QueryEngine engine, String id) {
        return engine.query(id).map(QueryInfo::state).orElse("");
    }

    private static boolean caughtUp(QueryEngine engine, String id) {
        return engine.query(id)
                .filter(query -> query.state().equals("running") && query.lag() == 0 && query.rowsIn() > 0)
                .isPresent();
    }

    private static void await(String what, BooleanSupplier condition) {
        await(() -> what, condition);
    }

    private static void await(Supplier<String> what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        int stable = 0;
        while (stable < 5) { // the last append may be under way
            assertThat(System.nanoTime())
                    .as(() -> "waited too long until " + what.get())
                    .isLessThan(deadline);
            stable = condition.getAsBoolean() ? stable + 1 : 0;
            LockSupport.parkNanos(10_000_000);
        }
    }

    private boolean isWritten(String topic) {
        return topics.topic(topic).isPresent() && topics.endOffset(topic, 0) > 0;
    }

    private static Map<String, Long> counted(List<String> values) {
        Map<String, Long> counts = new TreeMap<>();
        values.forEach(value -> counts.merge(value, 1L, Long::sum));
        return counts;
    }

    /// Clicks by page as the view's topic has them: the newest record of each key.
    private Map<String, Long> table() throws IOException {
        Map<String, Long> counts = new TreeMap<>();
        for (String value : read("pages", true)) {
            String[] fields = value.split("\"", -1);
            counts.put(fields[3], Long.parseLong(fields[6].replaceAll("\\D", "")));
        }
        return counts;
    }

    /// The `rest` column, by value, with the sum of its weights.
    private Map<String, Long> weighted(String topic) throws IOException {
        Map<String, Long> weights = new TreeMap<>();
        for (int partition = 0; partition < 2; partition++) {
            try (RecordReader reader = topics.open(topic, partition, 0)) {
                while (reader.fill(Long.MAX_VALUE, 1 << 16)) {
                    while (reader.next()) {
                        String weight = reader.headerCount() == 0
                                ? "1"
                                : new String(reader.headers().getFirst().value(), StandardCharsets.US_ASCII);
                        String value = new String(
                                reader.bytes(), reader.valueStart(), reader.valueLength(), StandardCharsets.UTF_8);
                        weights.merge(value.replaceAll("\\D", ""), Long.parseLong(weight), Long::sum);
                    }
                }
            }
        }
        weights.values().removeIf(weight -> weight == 0);
        return weights;
    }

    /// Pages of the records of a topic, or with `whole` their values.
    private List<String> read(String topic, boolean whole) throws IOException {
        List<String> values = new ArrayList<>();
        int partitions = topics.topic(topic).orElseThrow().partitions();
        for (int partition = 0; partition < partitions; partition++) {
            try (RecordReader reader = topics.open(topic, partition, topics.earliestOffset(topic, partition))) {
                while (reader.fill(Long.MAX_VALUE, 1 << 16)) {
                    while (reader.next()) {
                        if (!reader.isMarker()) {
                            String value = new String(
                                    reader.bytes(), reader.valueStart(), reader.valueLength(), StandardCharsets.UTF_8);
                            values.add(whole ? value : value.split("\"", -1)[3]);
                        }
                    }
                }
            }
        }
        return values;
    }
}
