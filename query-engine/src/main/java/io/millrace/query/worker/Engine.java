package io.millrace.query.worker;

import io.millrace.query.CatalogEntry;
import io.millrace.query.CatalogPort;
import io.millrace.query.CheckpointFolder;
import io.millrace.query.EngineSettings;
import io.millrace.query.Frontier;
import io.millrace.query.InputPort;
import io.millrace.query.OutputPort;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryInfo;
import io.millrace.query.ResultListener;
import io.millrace.query.RunningStatement;
import io.millrace.query.Session;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.sql.Catalog;
import io.millrace.query.sql.PlannedStatement;
import io.millrace.query.sql.SqlFront;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Does what statements say: runs queries, keeps definitions, keeps persistent queries running.
public final class Engine implements QueryEngine {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);
    private static final long CLOSE_TIMEOUT_MS = 5000;
    private static final long PLACING_INTERVAL_MS = 1000; // should a change not be told, and for what failed

    private final EngineSettings settings;
    private final SqlFront front;
    private final Parts parts;
    private final InputPort inputs;
    private final OutputPort outputs;
    private final CatalogPort definitions;
    private final @Nullable CheckpointFolder checkpointFolder;
    private final Map<String, QueryTask> tasks = new ConcurrentHashMap<>();
    private final Map<String, Kept> kept = new ConcurrentHashMap<>(); // persistent queries by id
    private final Object placing = new Object(); // held while definitions and their tasks are brought together
    private final AtomicLong nextId = new AtomicLong(1);
    private final ScheduledExecutorService housekeeping = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("query-catalog").factory());
    private final ExecutorService checkpointing = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("query-checkpoint").factory());
    private final List<AutoCloseable> subscriptions = new ArrayList<>();
    private volatile boolean closed;

    /// A definition that keeps a query running.
    ///
    /// @param topic that it writes
    /// @param problem why it cannot be started now; null for none
    private record Kept(String text, String topic, @Nullable String problem) {}

    /// @param checkpoints null to keep none
    public Engine(
            EngineSettings settings,
            SqlFront front,
            InputPort inputs,
            OutputPort outputs,
            CatalogPort definitions,
            @Nullable CheckpointFolder checkpoints) {
        this.settings = settings;
        this.front = front;
        this.parts = new Parts(settings.stateBytesMax());
        this.inputs = inputs;
        this.outputs = outputs;
        this.definitions = definitions;
        checkpointFolder = checkpoints;
        subscriptions.add(inputs.onChange(this::wakeAll));
        subscriptions.add(definitions.onChange(this::placeQueriesSoon));
        subscriptions.add(outputs.onLeaderChange(this::placeQueriesSoon));
    }

    /// Starts the persistent queries that the catalogue knows and that run on this node; they rebuild their state in
    /// the background.
    public void start() {
        housekeeping.scheduleWithFixedDelay(this::placeQueriesSafely, 0, PLACING_INTERVAL_MS, TimeUnit.MILLISECONDS);
    }

    private void wakeAll() {
        for (QueryTask task : tasks.values()) {
            task.wake();
        }
    }

    private Catalog catalogNow() {
        return new Catalog(definitions.load(), inputs);
    }

    @Override
    public List<ParsedStatement> parse(String sql) {
        return front.parse(sql);
    }

    @Override
    public RunningStatement execute(ParsedStatement statement, Session session, ResultListener listener) {
        return switch (plan(statement, session)) {
            case PlannedStatement.Query query
            when query.emit().continuous() ->
                launch(id -> new ContinuousTask(
                        id,
                        statement.text(),
                        query,
                        session,
                        parts,
                        inputs,
                        outputs,
                        settings,
                        listener,
                        () -> tasks.remove(id)));
            case PlannedStatement.Query query -> ending(statement, query, session, EndingTask.to(listener));
            case PlannedStatement.Insert insert ->
                ending(statement, insert.query(), session, new InsertSink(insert, inputs, outputs, listener));
            case PlannedStatement.Analyze analyze ->
                ending(
                        statement,
                        analyze.query(),
                        session,
                        EndingTask.analyze(listener, execution -> deliverReport(execution, listener)));
            case PlannedStatement.Create create -> {
                create(create);
                yield answered(listener, create.message());
            }
            case PlannedStatement.CreateQuery create -> {
                createQuery(create);
                yield answered(
                        listener, create.create().message(), create.query().notices());
            }
            case PlannedStatement.Drop drop -> {
                drop(drop);
                yield answered(listener, drop.message());
            }
            case PlannedStatement.Rows rows -> answered(listener, rows.rows(), rows.notices());
            case PlannedStatement.ShowQueries() -> answered(listener, queryRows(), List.of());
            case PlannedStatement.SetOption(String name, String value) -> {
                if (!value.isEmpty()) {
                    session.settings().put(name, value);
                } else if (name.equals("all")) {
                    session.settings().clear();
                } else {
                    session.settings().remove(name);
                }
                yield answered(listener, "SET");
            }
            case PlannedStatement.Control(PlannedStatement.Action action, String queryId)
            when action == PlannedStatement.Action.VERIFY -> verify(statement, queryId, listener);
            case PlannedStatement.Control(PlannedStatement.Action action, String queryId) -> {
                control(action, queryId);
                yield answered(listener, action + " QUERY");
            }
        };
    }

    /// Somebody may have made at another node, a moment ago, what this one does not know. That it does not exist is
    /// said only when this one has everything.
    private PlannedStatement plan(ParsedStatement statement, Session session) {
        try {
            return front.plan(statement, session, catalogNow());
        } catch (SqlException unknown) {
            if (!unknown.code().equals("unknown_table")) {
                throw unknown;
            }
            try {
                definitions.upToDate().join();
            } catch (CompletionException nobodyTells) {
                throw new SqlException(
                        "no_leader",
                        unknown.getMessage()
                                + " That is what this node knows; no majority of the nodes says in time what is new.",
                        unknown.line(),
                        unknown.column(),
                        "Try again, or ask another node.");
            }
            return front.plan(statement, session, catalogNow());
        }
    }

    private RunningStatement ending(
            ParsedStatement statement, PlannedStatement.Query query, Session session, EndingTask.Sink sink) {
        return launch(id -> new EndingTask(
                id, statement.text(), query, session, parts, inputs, settings, sink, () -> tasks.remove(id)));
    }

    /// One at a time, so that the limit holds.
    private synchronized RunningStatement launch(java.util.function.Function<String, QueryTask> make) {
        if (closed) {
            throw new SqlException("shutting_down", "The node is stopping.");
        }
        if (tasks.size() >= settings.queriesMax()) {
            throw new SqlException(
                    "too_many_queries",
                    "%d queries run already, which is the limit.".formatted(settings.queriesMax()),
                    0,
                    0,
                    "End one (SHOW QUERIES, DROP QUERY id) or raise queries.max.");
        }
        QueryTask task = make.apply("q" + nextId.getAndIncrement());
        tasks.put(task.id(), task);
        task.start();
        if (closed) {
            task.cancel(); // close() may not have seen it
        }
        return task;
    }

    // ---- definitions
    // -----------------------------------------------------------------------------------------------

    private void create(PlannedStatement.Create create) {
        if (create.exists()) {
            return;
        }
        String topic = create.topic();
        if (topic != null && inputs.topic(topic).isEmpty()) {
            await(outputs.createTopic(topic, create.partitions(), create.compacted()));
        }
        await(definitions.store(create.key(), create.text()));
    }

    private void createQuery(PlannedStatement.CreateQuery query) {
        if (query.create().exists()) {
            return;
        }
        synchronized (placing) {
            boolean replaces = definitions.load().containsKey(query.create().key());
            if (replaces) {
                end(query.queryId()); // what it has begun to write is complete then
            }
            create(query.create());
            if (replaces) {
                // the same text again begins anew, too
                await(definitions.storeNote(query.queryId(), "", -1));
            }
            startPersistent(query, query.create().text());
        }
    }

    private void startPersistent(PlannedStatement.CreateQuery query, String text) {
        String topic = Objects.requireNonNull(query.create().topic(), "a persistent query writes a topic");
        kept.put(query.queryId(), new Kept(text, topic, null));
        if (!outputs.leads(topic)) {
            return; // the node that does starts it
        }
        QueryTask started = tasks.computeIfAbsent(query.queryId(), id -> {
            PersistentTask task = new PersistentTask(
                    query,
                    topic,
                    text,
                    parts,
                    inputs,
                    outputs,
                    definitions,
                    settings,
                    checkpoints(id),
                    () -> tasks.remove(id));
            task.start();
            return task;
        });
        if (closed) {
            started.cancel(); // close() may not have seen it
        }
    }

    private @Nullable Checkpoints checkpoints(String query) {
        CheckpointFolder all = checkpointFolder;
        return all == null
                ? null
                : new Checkpoints(all.disk(), all.folder().resolve(query), all.freeBytesMin(), checkpointing);
    }

    /// Ends a query and waits for it.
    private void end(String queryId) {
        QueryTask task = tasks.get(queryId);
        if (task != null) {
            task.cancel();
            task.done().join();
        }
    }

    private void placeQueriesSoon() {
        try {
            if (!closed) {
                housekeeping.execute(this::placeQueriesSafely);
            }
        } catch (java.util.concurrent.RejectedExecutionException closing) {
            LOG.debug("the catalogue changed while the engine was closing", closing);
        }
    }

    private void placeQueriesSafely() {
        try {
            placeQueries();
        } catch (RuntimeException failure) {
            LOG.atWarn().setCause(failure).log("persistent queries could not be looked after; it is tried again soon");
        }
    }

    /// Starts what is defined and runs on this node, ends what is not or does not.
    private void placeQueries() {
        synchronized (placing) {
            if (closed) {
                return;
            }
            Catalog catalog = catalogNow();
            Map<String, String> texts = catalog.definitions();
            texts.forEach(this::keep);
            for (String id : List.copyOf(kept.keySet())) {
                if (!texts.containsKey(id)) {
                    forget(id);
                }
            }
            kept.forEach((id, query) -> {
                QueryTask task = tasks.get(id);
                boolean here = outputs.leads(query.topic());
                if (task != null && !(here && task.sql().equals(query.text()))) {
                    task.cancel(); // once it has ended, the next look starts it, if it is to run here
                } else if (task == null && here && !closed) {
                    resume(id, query, catalog);
                }
            });
        }
    }

    private void keep(String key, String text) {
        Kept known = kept.get(key);
        if (known == null || !known.text().equals(text)) {
            Optional<String> topic = front.writtenTopic(key, text);
            if (topic.isPresent()) {
                kept.put(key, new Kept(text, topic.get(), null));
            } else {
                kept.remove(key);
            }
        }
    }

    /// The definition was dropped, here or elsewhere.
    private void forget(String id) {
        kept.remove(id);
        QueryTask task = tasks.get(id);
        if (task != null) {
            task.cancel();
        }
        Checkpoints checkpoints = checkpoints(id);
        if (checkpoints != null) {
            (task == null ? CompletableFuture.completedFuture(null) : task.done())
                    .thenRunAsync(checkpoints::deleteAll, checkpointing);
        }
    }

    private void resume(String id, Kept query, Catalog catalog) {
        try {
            resume(id, query.text(), catalog);
        } catch (RuntimeException failure) {
            String problem = String.valueOf(failure.getMessage());
            if (!problem.equals(query.problem())) {
                LOG.atWarn()
                        .addKeyValue("definition", id)
                        .setCause(failure)
                        .log("a persistent query cannot start now; it is tried again");
            }
            kept.put(id, new Kept(query.text(), query.topic(), problem));
        }
    }

    /// Plans a definition anew, as when it was made: without itself in the catalogue, and with the topics as it
    /// pinned them.
    private void resume(String key, String text, Catalog catalog) {
        definition(key, text, catalog).ifPresent(query -> startPersistent(query, text));
    }

    private Optional<PlannedStatement.CreateQuery> definition(String key, String text, Catalog catalog) {
        List<ParsedStatement> statements = front.parse(text);
        ParsedStatement definition = statements.getLast();
        if (front.writtenTopic(key, text).isEmpty()) {
            return Optional.empty();
        }
        Map<String, String> others = new HashMap<>(catalog.definitions());
        others.remove(key);
        for (ParsedStatement pin : statements.subList(0, statements.size() - 1)) {
            if (front.plan(pin, Session.create(), new Catalog(Map.of(), inputs))
                    instanceof PlannedStatement.Create create) {
                others.put(create.key(), create.text());
            }
        }
        return front.plan(definition, Session.create(), new Catalog(others, inputs))
                        instanceof PlannedStatement.CreateQuery query
                ? Optional.of(query)
                : Optional.empty();
    }

    private void drop(PlannedStatement.Drop drop) {
        if (drop.missing()) {
            return;
        }
        synchronized (placing) {
            String queryId = drop.queryId();
            String key = drop.key();
            if (key != null) {
                await(definitions.store(key, ""));
            }
            if (queryId != null) {
                end(queryId);
                forget(queryId);
            }
            String topic = drop.topic();
            if (topic != null) {
                await(outputs.deleteTopic(topic));
            }
            if (queryId != null) {
                await(definitions.storeNote(queryId, "", -1));
            }
        }
    }

    private static void await(CompletableFuture<?> write) {
        try {
            write.join();
        } catch (RuntimeException failure) {
            throw Failures.toSqlException(failure);
        }
    }

    // ---- running queries
    // --------------------------------------------------------------------------------------------

    private void control(PlannedStatement.Action action, String queryId) {
        boolean known = switch (action) {
            case PAUSE -> pause(queryId);
            case RESUME -> resume(queryId);
            case CANCEL -> cancel(queryId);
            case VERIFY -> throw new IllegalStateException("VERIFY runs a query of its own");
        };
        if (!known) {
            throw unknownQuery(queryId);
        }
    }

    private SqlException unknownQuery(String queryId) {
        Kept elsewhere = kept.get(queryId);
        return new SqlException(
                "unknown_query",
                elsewhere == null
                        ? "Query '" + queryId + "' does not exist."
                        : "Query '" + queryId + "' does not run on this node: " + placeOf(elsewhere) + ".",
                0,
                0,
                "SHOW QUERIES lists those that run.");
    }

    /// Compares what a persistent query has written with what it should have.
    private RunningStatement verify(ParsedStatement statement, String queryId, ResultListener listener) {
        Catalog catalog = catalogNow();
        String text = catalog.definitions().get(queryId);
        PlannedStatement.CreateQuery definition =
                text == null ? null : definition(queryId, text, catalog).orElse(null);
        if (text == null || definition == null) {
            if (tasks.containsKey(queryId)) {
                throw new SqlException(
                        "invalid_option",
                        "Query '" + queryId + "' writes no topic, so there is nothing to verify.",
                        0,
                        0,
                        "VERIFY QUERY takes a materialized view, or what CREATE STREAM or TABLE … AS has made.");
            }
            throw unknownQuery(queryId);
        }
        String all = "SELECT * FROM \"" + queryId.replace("\"", "\"\"") + '"';
        if (!(front.plan(front.parse(all).getFirst(), Session.create(), catalog)
                instanceof PlannedStatement.Query stored)) {
            throw new IllegalStateException("no query: " + all);
        }
        return launch(id -> new VerifyTask(
                id,
                statement.text(),
                definition,
                text,
                stored,
                parts,
                inputs,
                outputs,
                definitions,
                settings,
                listener,
                () -> tasks.remove(id)));
    }

    @Override
    public boolean pause(String id) {
        return withTask(id, task -> task.setPaused(true));
    }

    @Override
    public boolean resume(String id) {
        return withTask(id, task -> task.setPaused(false));
    }

    @Override
    public boolean cancel(String id) {
        QueryTask persistent = tasks.get(id);
        if (persistent != null && persistent.output() != null) {
            throw new SqlException(
                    "query_is_owned",
                    "Query '" + id + "' keeps '" + persistent.output() + "' up to date.",
                    0,
                    0,
                    "DROP the view or stream itself, or PAUSE the query.");
        }
        return withTask(id, QueryTask::cancel);
    }

    private boolean withTask(String id, java.util.function.Consumer<QueryTask> deed) {
        QueryTask task = tasks.get(id);
        if (task == null) {
            return false;
        }
        deed.accept(task);
        return true;
    }

    @Override
    public List<QueryInfo> queries() {
        Map<String, QueryInfo> found = new java.util.TreeMap<>();
        definitions.load().forEach(this::keep); // also right after the start
        kept.forEach((id, query) -> found.put(id, notHere(id, query)));
        tasks.values().forEach(task -> found.put(task.id(), task.info()));
        return List.copyOf(found.values());
    }

    @Override
    public Optional<QueryInfo> query(String id) {
        QueryTask task = tasks.get(id);
        if (task != null) {
            return Optional.of(task.info());
        }
        return Optional.ofNullable(kept.get(id)).map(query -> notHere(id, query));
    }

    /// A persistent query that has no task on this node.
    private QueryInfo notHere(String id, Kept query) {
        return new QueryInfo(
                id,
                query.text(),
                query.topic(),
                placeOf(query),
                null,
                Frontier.EMPTY,
                0,
                Long.MIN_VALUE,
                0,
                0,
                0,
                0,
                0,
                List.of());
    }

    /// Its state, as far as this node can tell.
    private String placeOf(Kept query) {
        if (outputs.leads(query.topic())) {
            return query.problem() == null ? "recovering" : "waiting: " + query.problem();
        }
        return outputs.leader(query.topic()).map(node -> "on " + node).orElse("waiting: no node leads its topic");
    }

    @Override
    public List<CatalogEntry> catalog() {
        return front.describeAll(catalogNow());
    }

    @Override
    public Optional<CatalogEntry> catalogEntry(String name) {
        return front.describe(name, catalogNow());
    }

    @Override
    public void warmUp() {
        front.warmUp();
    }

    @Override
    public void close() {
        closed = true;
        for (AutoCloseable subscription : subscriptions) {
            try {
                subscription.close();
            } catch (Exception failure) {
                LOG.warn("ending a subscription failed", failure);
            }
        }
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_TIMEOUT_MS);
        endHousekeeping(deadline);
        List<QueryTask> running = List.copyOf(tasks.values());
        for (QueryTask task : running) {
            if (task instanceof PersistentTask persistent) {
                persistent.retire();
            } else {
                task.cancel();
            }
        }
        awaitEnd(running, deadline);
        checkpointing.shutdown();
    }

    private static void awaitEnd(List<QueryTask> running, long deadline) {
        for (QueryTask task : running) {
            try {
                task.done().get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                return;
            } catch (java.util.concurrent.TimeoutException | java.util.concurrent.ExecutionException late) {
                LOG.atWarn().addKeyValue("query", task.id()).log("a query did not end in time");
            }
        }
    }

    /// Waits for a persistent query that is just being started, so that it is ended with the others.
    private void endHousekeeping(long deadlineNanos) {
        housekeeping.shutdown();
        try {
            if (!housekeeping.awaitTermination(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                housekeeping.shutdownNow();
            }
        } catch (InterruptedException interrupted) {
            housekeeping.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    // ---- answers
    // ----------------------------------------------------------------------------------------------------

    private RunningStatement answered(ResultListener listener, String message) {
        return answered(listener, message, List.of());
    }

    private RunningStatement answered(ResultListener listener, String message, List<String> notices) {
        listener.columns(new Schema(List.of()), notices);
        listener.complete(Frontier.EMPTY, message);
        return new Answered("s" + nextId.getAndIncrement());
    }

    private RunningStatement answered(ResultListener listener, Batch rows, List<String> notices) {
        deliver(listener, rows, notices, Frontier.EMPTY);
        return new Answered("s" + nextId.getAndIncrement());
    }

    private static void deliver(ResultListener listener, Batch rows, List<String> notices, Frontier frontier) {
        listener.columns(rows.schema(), notices);
        if (rows.count() > 0) {
            listener.rows(rows);
        }
        listener.complete(frontier, "SELECT");
    }

    private static void deliverReport(Execution execution, ResultListener listener) {
        Batch rows = table(
                "id INTEGER",
                "operator VARCHAR",
                "rows_in BIGINT",
                "rows_out BIGINT",
                "state_rows BIGINT",
                "state_bytes BIGINT",
                "ms DOUBLE");
        for (var report : execution.report()) {
            rows.appendValues(
                    Arrays.asList(
                            (long) report.id(),
                            text(report.operator()),
                            report.rowsIn(),
                            report.rowsOut(),
                            report.stateRows(),
                            report.stateBytes(),
                            Math.round(report.nanos() / 10_000.0) / 100.0),
                    1);
        }
        deliver(listener, rows, List.of(), execution.frontier());
    }

    private Batch queryRows() {
        Batch rows = table(
                "id VARCHAR",
                "state VARCHAR",
                "output VARCHAR",
                "lag BIGINT",
                "rows_in BIGINT",
                "rows_out BIGINT",
                "state_bytes BIGINT",
                "sql VARCHAR");
        for (QueryInfo query : queries()) {
            rows.appendValues(
                    Arrays.asList(
                            text(query.id()),
                            text(query.failure() == null ? query.state() : query.state() + ": " + query.failure()),
                            query.output() == null ? null : text(query.output()),
                            query.lag(),
                            query.rowsIn(),
                            query.rowsOut(),
                            query.stateBytes(),
                            text(query.sql())),
                    1);
        }
        return rows;
    }

    private static byte[] text(String value) {
        return value.getBytes(StandardCharsets.UTF_8);
    }

    /// An empty batch from `name TYPE` pairs.
    private static Batch table(String... columns) {
        List<ColumnInfo> infos = new ArrayList<>();
        for (String column : columns) {
            int space = column.indexOf(' ');
            infos.add(new ColumnInfo(
                    column.substring(0, space), ColumnType.of(SqlType.valueOf(column.substring(space + 1)))));
        }
        return new Batch(new Schema(infos));
    }

    /// A statement that was over before it could be cancelled.
    private record Answered(String id) implements RunningStatement {
        @Override
        public void cancel() {}

        @Override
        public CompletableFuture<@Nullable Void> done() {
            return CompletableFuture.completedFuture(null);
        }
    }
}
