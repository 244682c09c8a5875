package io.millrace.bench.scenario;

import io.millrace.bench.report.Environment;
import io.millrace.bench.report.Spread;
import io.millrace.log.BatchWriter;
import io.millrace.log.Compression;
import io.millrace.log.LogSettings;
import io.millrace.log.LogStore;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordBuffer;
import io.millrace.log.RecordReader;
import io.millrace.log.disk.LocalDisk;
import io.millrace.query.EngineSettings;
import io.millrace.query.Frontier;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryEngines;
import io.millrace.query.ResultListener;
import io.millrace.query.Session;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.json.JsonFactory;

/// Claim: departures and average delay per origin and hour over 3 million JSON records, in SQL from the log, on
/// one core, at least as fast as a hand-written loop that parses the same bytes with Jackson's streaming parser
/// into a `HashMap`.
///
/// ```
/// benchmarks/run flights [runs] [path of flights-3m.parquet]
/// ```
///
/// Both read the same segment files through the same reader, in one thread, alternating; both answers are
/// compared.
public final class FlightAggregation {
    private static final String TOPIC = "flights";
    private static final String DEFINITION = """
            CREATE STREAM flights (date TIMESTAMP(3), delay BIGINT, distance BIGINT, origin VARCHAR, destination VARCHAR,
                                   WATERMARK FOR date AS date - INTERVAL '10' MINUTE) WITH (topic = 'flights')""";
    private static final String QUERY = """
            SELECT origin, TUMBLE_START(date, INTERVAL '1' HOUR) AS hour, COUNT(*) AS departures, AVG(delay) AS delay
            FROM flights GROUP BY TUMBLE(date, INTERVAL '1' HOUR), origin""";

    private FlightAggregation() {}

    public static void main(String[] arguments) throws Exception {
        int runs = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 5;
        Path parquet = Path.of(arguments.length > 1 ? arguments[1] : "flights-3m.parquet");
        Path folder = Files.createTempDirectory("millrace-flights");
        try (PartitionLog log = new LogStore(new LocalDisk()).open(folder, LogSettings.DEFAULT, null)) {
            long records;
            try {
                records = load(parquet, log);
            } catch (SQLException unreadable) {
                System.err.println(parquet + " is not the file of flights that this needs: " + unreadable.getMessage());
                System.exit(2);
                return;
            }
            System.out.println(Environment.describe());
            System.out.printf(Locale.ROOT, "data: %,d records, %,d bytes in the log%n", records, log.sizeBytes());
            try (QueryEngine engine = engine(log)) {
                measure(engine, log, records, runs);
            }
        }
    }

    private static void measure(QueryEngine engine, PartitionLog log, long records, int runs) throws Exception {
        double[] loop = new double[runs];
        double[] sql = new double[runs];
        Answer expected = new Answer(0, 0, 0);
        for (int run = -2; run < runs; run++) { // two rounds for the compiler
            long begin = System.nanoTime();
            expected = jacksonLoop(log);
            long middle = System.nanoTime();
            Answer actual = query(engine);
            long end = System.nanoTime();
            if (!actual.equals(expected)) {
                throw new IllegalStateException("answers differ: loop " + expected + ", SQL " + actual);
            }
            if (run >= 0) {
                loop[run] = records * 1e9 / (middle - begin);
                sql[run] = records * 1e9 / (end - middle);
            }
        }
        Spread loopSpread = new Spread(loop);
        Spread sqlSpread = new Spread(sql);
        System.out.println("loop, records/s: " + loopSpread);
        System.out.println("SQL,  records/s: " + sqlSpread);
        System.out.printf(
                Locale.ROOT,
                "ratio SQL / loop: %.2f (medians); both answers: %s%n",
                sqlSpread.median() / loopSpread.median(),
                expected);
    }

    /// Turns the Parquet file into JSON records with DuckDB and appends them to the log.
    private static long load(Path parquet, PartitionLog log) throws Exception {
        RecordBuffer records = new RecordBuffer();
        BatchWriter writer = new BatchWriter(Compression.NONE);
        ByteBuffer batch = ByteBuffer.allocate(4 << 20);
        long count = 0;
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("""
                        SELECT '{"date":"' || strftime(date, '%Y-%m-%d %H:%M:%S') || '","delay":' || delay || ',"distance":'
                               || distance || ',"origin":"' || origin || '","destination":"' || destination || '"}'
                        FROM '""" + parquet.toString().replace("'", "''") + "'")) {
            while (rows.next()) {
                byte[] value = rows.getString(1).getBytes(StandardCharsets.UTF_8);
                records.add(count, null, 0, -1, value, 0, value.length, List.of());
                count++;
                if (records.count() == 5000) {
                    append(log, records, writer, batch);
                }
            }
        }
        if (records.count() > 0) {
            append(log, records, writer, batch);
        }
        log.flush();
        return count;
    }

    private static void append(PartitionLog log, RecordBuffer records, BatchWriter writer, ByteBuffer batch)
            throws IOException {
        batch.clear();
        writer.write(records, batch);
        log.append(batch.flip(), 1);
        log.advanceHighWatermark(log.nextOffset());
        records.clear();
    }

    // ---- the hand-written loop
    // ---------------------------------------------------------------------------------------

    private record Key(String origin, long hour) {}

    private static final class Cell {
        long departures;
        long delay;
    }

    private static Answer jacksonLoop(PartitionLog log) throws IOException {
        JsonFactory factory = new JsonFactory();
        Map<Key, Cell> cells = new HashMap<>();
        try (RecordReader reader = log.reader(log.earliestOffset())) {
            while (reader.fill(Long.MAX_VALUE, 1 << 20)) {
                while (reader.next()) {
                    aggregate(factory, reader, cells);
                }
            }
        }
        Answer answer = new Answer(0, 0, 0);
        for (Map.Entry<Key, Cell> entry : cells.entrySet()) {
            Cell cell = entry.getValue();
            answer = answer.plus(cell.departures, (double) cell.delay / cell.departures);
        }
        return answer;
    }

    private static void aggregate(JsonFactory factory, RecordReader reader, Map<Key, Cell> cells) {
        String origin = "";
        long hour = 0;
        long delay = 0;
        try (JsonParser parser = factory.createParser(
                tools.jackson.core.ObjectReadContext.empty(),
                reader.bytes(),
                reader.valueStart(),
                reader.valueLength())) {
            parser.nextToken();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "date" -> hour = hour(parser.getString());
                    case "delay" -> delay = parser.getLongValue();
                    case "origin" -> origin = parser.getString();
                    default -> parser.skipChildren();
                }
            }
        }
        Cell cell = cells.computeIfAbsent(new Key(origin, hour), key -> new Cell());
        cell.departures++;
        cell.delay += delay;
    }

    /// Hours since 1970 of `2001-01-01 00:47:00`.
    private static long hour(String date) {
        int year = Integer.parseInt(date, 0, 4, 10);
        int month = Integer.parseInt(date, 5, 7, 10);
        int day = Integer.parseInt(date, 8, 10, 10);
        return java.time.LocalDate.of(year, month, day).toEpochDay() * 24 + Integer.parseInt(date, 11, 13, 10);
    }

    // ---- the query
    // ----------------------------------------------------------------------------------------------------

    private static QueryEngine engine(PartitionLog log) throws Exception {
        QueryEngine engine =
                QueryEngines.open(EngineSettings.DEFAULT, new OneTopic(TOPIC, log), new NoOutput(), new Definitions());
        run(engine, DEFINITION, null);
        return engine;
    }

    private static Answer query(QueryEngine engine) throws Exception {
        Sum sum = new Sum();
        run(engine, QUERY, sum);
        return sum.answer;
    }

    private static void run(QueryEngine engine, String sql, @Nullable Sum sum) throws Exception {
        Sum listener = Objects.requireNonNullElseGet(sum, Sum::new);
        engine.execute(engine.parse(sql).getFirst(), Session.create(), listener)
                .done()
                .get();
        if (listener.failure != null) {
            throw listener.failure;
        }
    }

    private static final class Sum implements ResultListener {
        private Answer answer = new Answer(0, 0, 0);
        private @Nullable SqlException failure;

        @Override
        public void columns(Schema columns, List<String> notices) {}

        @Override
        public void rows(Batch rows) {
            for (int row = 0; row < rows.count(); row++) {
                answer = answer.plus(rows.longs(2).get(row), rows.doubles(3).get(row));
            }
        }

        @Override
        public void changes(Batch changes, Frontier frontier, long watermarkMs) {
            throw new IllegalStateException("the query ends");
        }

        @Override
        public void progress(Frontier frontier, long watermarkMs) {}

        @Override
        public void complete(Frontier frontier, String message) {}

        @Override
        public void failed(SqlException cause) {
            failure = cause;
        }
    }

    /// @param averages sum of the averages, rounded to a thousandth each, so that the order of rows does not
    ///     matter
    private record Answer(long groups, long departures, long averages) {
        Answer plus(long more, double average) {
            return new Answer(groups + 1, departures + more, averages + Math.round(average * 1000));
        }
    }
}
