package io.millrace.query.random;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Random queries from a grammar that covers every operator, each in our dialect and, where it can be said
/// there, in DuckDB's.
///
/// Tables: streams `a` and `b` (k BIGINT, g VARCHAR, x INTEGER, d DOUBLE, ts TIMESTAMP) and the table `u` (id
/// BIGINT PRIMARY KEY, name VARCHAR, y INTEGER).
public final class QueryGenerator {
    private final SplittableRandom random;

    public QueryGenerator(SplittableRandom random) {
        this.random = random;
    }

    /// @param duck the same in DuckDB's dialect, null when it has no words for it
    /// @param slackMs for EMIT FINAL whose first column is the time: how far behind the watermarks a row has come
    ///     for sure; −1 where nothing is said of it
    public record Query(String ours, @Nullable String duck, long slackMs) {
        Query(String ours, @Nullable String duck) {
            this(ours, duck, -1);
        }
    }

    /// A relation as it stands in FROM, with its columns.
    private record Relation(String ours, @Nullable String duck, List<Column> columns) {}

    /// @param type `n` whole number, `s` text, `d` double, `t` time
    private record Column(String name, char type) {}

    public Query next() {
        return switch (random.nextInt(47)) {
            case 0 -> projection(stream());
            case 1, 2 -> grouped(stream());
            case 3 -> global(stream());
            case 4, 5 -> grouped(window());
            case 6 -> grouped(hop());
            case 7, 8 -> projection(join());
            case 9 -> grouped(join());
            case 10 -> projection(intervalJoin());
            case 11 -> projection(windowJoin());
            case 12 -> setOperation();
            case 13 -> distinct();
            case 14 -> topN();
            case 15 -> subQuery();
            case 16 -> grouped(nested());
            case 17, 18 -> emitFinal();
            case 19 -> late();
            case 20 -> grouped(cumulate());
            case 21 -> grouped(session());
            case 22 -> continuously(topN());
            case 23 -> computedKeys();
            case 24 -> projection(computedJoin());
            case 25 -> grouped(view());
            case 26 -> projection(view());
            case 27, 28, 29, 30, 31 -> finalByTime();
            case 32 -> groupingSets(random.nextBoolean() ? stream() : join());
            case 33 -> correlated();
            case 34 -> membership();
            case 35 -> projection(selfJoin());
            case 36 -> random.nextBoolean() ? projection(threeWay()) : grouped(threeWay());
            case 37 -> nestedSets();
            case 38 -> ranked();
            case 39 -> grouped(windowOfView());
            case 40 -> distinctOf(random.nextBoolean() ? join() : view());
            case 41 -> projection(random.nextBoolean() ? limited() : outerIntervalJoin());
            case 42 -> maybeContinuously(random.nextBoolean() ? grouped(join()) : projection(computedJoin()));
            case 43, 44, 45 -> maybeContinuously(timeKeys());
            default -> projection(streamTable());
        };
    }

    // ---- relations
    // ---------------------------------------------------------------------------------------------------

    private static final List<Column> STREAM_COLUMNS = List.of(
            new Column("k", 'n'),
            new Column("g", 's'),
            new Column("x", 'n'),
            new Column("d", 'd'),
            new Column("ts", 't'));

    private Relation stream() {
        String name = random.nextBoolean() ? "a" : "b";
        return new Relation(name, name, STREAM_COLUMNS);
    }

    private static List<Column> windowed() {
        List<Column> columns = new ArrayList<>(STREAM_COLUMNS);
        columns.add(new Column("window_start", 't'));
        columns.add(new Column("window_end", 't'));
        return columns;
    }

    private Relation window() {
        return window(random.nextBoolean() ? "a" : "b", 5 * (1 + random.nextInt(6)));
    }

    private static Relation window(String table, int seconds) {
        return new Relation(
                "TABLE(TUMBLE(TABLE %s, DESCRIPTOR(ts), INTERVAL '%d' SECOND))".formatted(table, seconds),
                ("(SELECT *, time_bucket(INTERVAL '%1$d seconds', ts, TIMESTAMP '1970-01-01') AS window_start, "
                                + "time_bucket(INTERVAL '%1$d seconds', ts, TIMESTAMP '1970-01-01') + INTERVAL '%1$d seconds' "
                                + "AS window_end FROM %2$s WHERE ts IS NOT NULL)")
                        .formatted(seconds, table),
                windowed());
    }

    private Relation hop() {
        String table = random.nextBoolean() ? "a" : "b";
        int slide = 5 * (1 + random.nextInt(3));
        int size = slide * (1 + random.nextInt(3));
        return new Relation(
                "TABLE(HOP(TABLE %s, DESCRIPTOR(ts), INTERVAL '%d' SECOND, INTERVAL '%d' SECOND))"
                        .formatted(table, slide, size),
                ("(SELECT h.*, h.first - to_seconds(%1$d * n.i) AS window_start, "
                                + "h.first - to_seconds(%1$d * n.i) + INTERVAL '%2$d seconds' AS window_end "
                                + "FROM (SELECT *, time_bucket(INTERVAL '%1$d seconds', ts, TIMESTAMP '1970-01-01') AS first "
                                + "FROM %3$s WHERE ts IS NOT NULL) h, range(%4$d) n(i))")
                        .formatted(slide, size, table, size / slide),
                windowed());
    }

    private Relation cumulate() {
        int step = 5 * (1 + random.nextInt(3));
        return new Relation(
                "TABLE(CUMULATE(TABLE %s, DESCRIPTOR(ts), INTERVAL '%d' SECOND, INTERVAL '%d' SECOND))"
                        .formatted(pick("a", "b"), step, step * (1 + random.nextInt(4))),
                null,
                windowed());
    }

    private Relation session() {
        return new Relation(
                "TABLE(SESSION(TABLE %s PARTITION BY %s, DESCRIPTOR(ts), INTERVAL '%d' SECOND))"
                        .formatted(pick("a", "b"), pick("k", "g"), 1 + random.nextInt(8)),
                null,
                windowed());
    }

    /// A view, a view over it, or one that aggregates it; see [#VIEWS].
    private Relation view() {
        return switch (random.nextInt(3)) {
            case 0 -> new Relation("v1", "v1", STREAM_COLUMNS);
            case 1 -> new Relation("v2", "v2", STREAM_COLUMNS);
            default ->
                new Relation(
                        "v3",
                        "v3",
                        List.of(
                                new Column("g", 's'),
                                new Column("k", 'n'),
                                new Column("x", 'n'),
                                new Column("ts", 't')));
        };
    }

    /// Each stands on the one before; the same text declares them here and in DuckDB.
    public static final List<String> VIEWS = List.of(
            "CREATE VIEW v1 AS SELECT k, g, x, d, ts FROM a WHERE x IS NULL OR x > 0",
            "CREATE VIEW v2 AS SELECT k + 1 AS k, COALESCE(g, 'none') AS g, x, d, ts FROM v1 "
                    + "UNION ALL SELECT k, g, x, d, ts FROM b",
            "CREATE VIEW v3 AS SELECT g, k, COUNT(*) AS x, MAX(ts) AS ts FROM v2 GROUP BY g, k");

    private Relation computedJoin() {
        String kind = pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN");
        String on = pick(
                "l.k + 1 = r.k",
                "MOD(l.k, 3) = MOD(r.k, 3) AND l.g = r.g",
                "UPPER(l.g) = UPPER(r.g) AND l.x = r.k",
                "l.k IS NOT DISTINCT FROM r.k",
                "l.g IS NOT DISTINCT FROM r.g AND l.k = r.x");
        return aliased("a l %s b r ON %s".formatted(kind, on), STREAM_COLUMNS, STREAM_COLUMNS);
    }

    private Relation join() {
        String kind = pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN");
        String on = pick("l.k = r.k", "l.g = r.g", "l.k = r.k AND l.g = r.g")
                + (random.nextInt(3) == 0 ? " AND l.x < r.x" : "");
        return aliased("a l %s b r ON %s".formatted(kind, on), STREAM_COLUMNS, STREAM_COLUMNS);
    }

    private Relation intervalJoin() {
        int back = random.nextInt(10);
        int ahead = random.nextInt(10);
        String kind = pick("JOIN", "LEFT JOIN");
        String ours =
                "a l %s b r ON l.k = r.k AND l.ts BETWEEN r.ts - INTERVAL '%d' SECOND AND r.ts + INTERVAL '%d' SECOND"
                        .formatted(kind, back, ahead);
        return aliased(ours, STREAM_COLUMNS, STREAM_COLUMNS);
    }

    private Relation windowJoin() {
        int seconds = 5 * (1 + random.nextInt(6));
        Relation left = window("a", seconds);
        Relation right = window("b", seconds);
        String shape = "%s l " + pick("JOIN", "LEFT JOIN", "FULL JOIN")
                + " %s r ON l.window_start = r.window_start AND l.window_end = r.window_end AND l.k = r.k";
        List<Column> columns = columns(windowed(), windowed());
        return new Relation(
                select(columns, shape.formatted(left.ours, right.ours)),
                select(columns, shape.formatted(left.duck, right.duck)),
                renamed(columns));
    }

    private Relation streamTable() {
        String kind = pick("JOIN", "LEFT JOIN");
        return aliased(
                "a l %s u r ON l.k = r.id".formatted(kind),
                STREAM_COLUMNS,
                List.of(new Column("id", 'n'), new Column("name", 's'), new Column("y", 'n')));
    }

    private Relation nested() {
        Relation inner = random.nextBoolean() ? stream() : window();
        String key = pick("g", "k");
        String sql = "(SELECT %s AS %s, COUNT(*) AS x, MAX(x) AS m, MIN(ts) AS ts FROM %s GROUP BY %s)";
        return new Relation(
                sql.formatted(key, key, inner.ours, key),
                sql.formatted(key, key, inner.duck, key),
                List.of(
                        new Column(key, key.equals("g") ? 's' : 'n'),
                        new Column("x", 'n'),
                        new Column("m", 'n'),
                        new Column("ts", 't')));
    }

    /// A join as a derived table, so that its columns have names of their own.
    private static Relation aliased(String from, List<Column> left, List<Column> right) {
        List<Column> columns = columns(left, right);
        String sql = select(columns, from);
        return new Relation(sql, sql, renamed(columns));
    }

    private static List<Column> columns(List<Column> left, List<Column> right) {
        List<Column> columns = new ArrayList<>();
        left.forEach(column -> columns.add(new Column("l." + column.name, column.type)));
        right.forEach(column -> columns.add(new Column("r." + column.name, column.type)));
        return columns;
    }

    private static String select(List<Column> columns, String from) {
        return "(SELECT "
                + String.join(
                        ", ",
                        columns.stream()
                                .map(column -> column.name + " AS " + column.name.replace('.', '_'))
                                .toList())
                + " FROM " + from + ")";
    }

    private static List<Column> renamed(List<Column> columns) {
        return columns.stream()
                .map(column -> new Column(column.name.replace('.', '_'), column.type))
                .toList();
    }

    // ---- queries
    // -----------------------------------------------------------------------------------------------------

    private Query projection(Relation from) {
        List<String> items = new ArrayList<>();
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            items.add(expression(from.columns, 2) + " AS c" + i);
        }
        return both("SELECT " + String.join(", ", items) + " FROM %s q" + where(from), from);
    }

    private Query grouped(Relation from) {
        List<String> keys = new ArrayList<>();
        for (Column column : from.columns) {
            boolean window = column.name.startsWith("window_");
            if (window || (column.type != 'd' && column.type != 't' && random.nextInt(3) == 0)) {
                keys.add(column.name);
            }
        }
        if (keys.isEmpty()) {
            keys.add(from.columns.getFirst().name);
        }
        String having = random.nextInt(4) == 0 ? " HAVING COUNT(*) > 1" : "";
        return both(
                "SELECT " + String.join(", ", keys) + ", " + aggregates(from.columns) + " FROM %s q" + where(from)
                        + " GROUP BY " + String.join(", ", keys) + having,
                from);
    }

    private Query global(Relation from) {
        return both("SELECT " + aggregates(from.columns) + " FROM %s q" + where(from), from);
    }

    /// Each window once, when the watermark has passed its end.
    private Query emitFinal() {
        Relation from = switch (random.nextInt(4)) {
            case 0 -> window();
            case 1 -> hop();
            case 2 -> cumulate();
            default -> session();
        };
        return new Query(grouped(from).ours + " EMIT FINAL", null);
    }

    /// Anything that has a time column, which comes first.
    private Query finalByTime() {
        String sql = switch (random.nextInt(14)) {
            case 0 -> {
                Relation from = stream();
                yield "SELECT ts, " + items(from) + " FROM " + from.ours + " q" + where(from);
            }
            case 1 -> {
                Relation from = anyWindow();
                yield "SELECT window_end AS f, " + items(from) + " FROM " + from.ours + " q" + where(from);
            }
            case 2, 3 -> windowCounts();
            case 4 -> {
                String kind = pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN");
                String time = kind.equals("JOIN") ? "l.window_end" : "COALESCE(l.window_end, r.window_end)";
                String rest = random.nextInt(3) == 0 ? " AND l.x < r.x" : "";
                yield "SELECT %s AS f, l.k, r.g, r.window_end FROM %s l %s %s r ON l.window_end = r.window_end AND l.k = r.k%s"
                        .formatted(time, window("a", 10).ours, kind, window("b", 10).ours, rest);
            }
            case 5 -> {
                String kind = pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN");
                yield "SELECT COALESCE(l.f, r.f) AS f, l.n, r.n AS m FROM (%s) l %s (%s) r ON l.f = r.f"
                        .formatted(windowCounts(), kind, windowCounts());
            }
            case 6 -> {
                Relation join = intervalJoin();
                yield "SELECT l_ts, l_k, r_g, r_x FROM " + join.ours + " q" + where(join);
            }
            case 7 -> windowCounts() + " UNION ALL " + windowCounts();
            case 8 -> windowCounts() + pick(" UNION ", " INTERSECT ", " EXCEPT ") + windowCounts();
            case 9 -> {
                Relation from = random.nextBoolean() ? stream() : anyWindow();
                String time = from.columns.size() > STREAM_COLUMNS.size() ? "window_end" : "ts";
                yield "SELECT DISTINCT " + time + ", " + pick("k", "g", "k, g") + " FROM " + from.ours + " q"
                        + where(from);
            }
            case 10 ->
                "SELECT window_end, k, x FROM (SELECT window_end, k, x, ROW_NUMBER() OVER (PARTITION BY window_end ORDER BY x DESC NULLS FIRST, k, g, d, ts) AS place FROM %s) WHERE place <= %d"
                        .formatted(window().ours, 1 + random.nextInt(3));
            case 11 -> "SELECT f, MAX(n) AS m, COUNT(*) AS c FROM (" + windowCounts() + ") GROUP BY f";
            case 12 -> {
                String other = window(pick("a", "b"), 10).ours;
                yield "SELECT window_end, k, x FROM %s l WHERE %s (SELECT 1 FROM %s r WHERE r.window_end = l.window_end AND r.k = l.k)"
                        .formatted(window("a", 10).ours, pick("EXISTS", "NOT EXISTS"), other);
            }
            default ->
                "SELECT q.f, q.n, names.name FROM (%s) q %s (VALUES (1, 'one'), (3, 'three')) AS names (n, name) ON q.n = names.n"
                        .formatted(windowCounts(), pick("JOIN", "LEFT JOIN"));
        };
        return new Query(sql + " EMIT FINAL", null, 10_000);
    }

    private Relation anyWindow() {
        return switch (random.nextInt(3)) {
            case 0 -> window();
            case 1 -> hop();
            default -> cumulate();
        };
    }

    /// `(f, n)`: ends of windows with a count, sometimes of one window or of none.
    private String windowCounts() {
        Relation from = random.nextInt(3) == 0 ? anyWindow() : window(pick("a", "b"), 10);
        String where = where(from);
        if (random.nextInt(5) == 0) {
            where = " WHERE " + pick("window_end = TIMESTAMP '2001-01-01 00:00:20'", "1 = 0", "k = 1 AND k = 2");
        }
        String key = random.nextInt(4) == 0 ? ", k" : "";
        String having = random.nextInt(5) == 0 ? " HAVING COUNT(*) > 1" : "";
        return "SELECT window_end AS f, " + pick("COUNT(*)", "COUNT(x)", "SUM(x)", "MAX(k)", "COUNT(DISTINCT g)")
                + " AS n FROM " + from.ours + " q" + where + " GROUP BY window_start, window_end" + key + having;
    }

    private String items(Relation from) {
        List<String> items = new ArrayList<>();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            items.add(expression(from.columns, 2) + " AS c" + i);
        }
        return String.join(", ", items);
    }

    private Query late() {
        List<Column> columns = new ArrayList<>(STREAM_COLUMNS);
        columns.add(new Column("_reason", 's'));
        columns.add(new Column("_watermark", 't'));
        Relation from = new Relation(pick("a$late", "b$late"), null, columns);
        return random.nextBoolean() ? projection(from) : grouped(from);
    }

    private static Query continuously(Query query) {
        return new Query(query.ours + " EMIT CHANGES", query.duck);
    }

    private Query computedKeys() {
        Relation from = random.nextBoolean() ? stream() : join();
        String number = from.columns.getFirst().name;
        String text = from.columns.get(1).name;
        String key = pick(
                "MOD(" + number + ", 3)",
                number + " + 1",
                "COALESCE(" + text + ", 'none')",
                "CASE WHEN " + condition(from.columns) + " THEN 1 ELSE 2 END",
                "CHAR_LENGTH(" + text + ")");
        return both(
                "SELECT " + key + " AS computed, " + aggregates(from.columns) + " FROM %s q" + where(from)
                        + " GROUP BY " + key,
                from);
    }

    private Query maybeContinuously(Query query) {
        return random.nextBoolean() ? continuously(query) : query;
    }

    private Query groupingSets(Relation from) {
        String first = from.columns.get(0).name;
        String second = from.columns.get(1).name;
        String sets = pick(
                "ROLLUP (%s, %s)",
                "CUBE (%s, %s)", "GROUPING SETS ((%1$s), (%2$s), ())", "GROUPING SETS ((%1$s, %2$s), (%2$s))");
        return maybeContinuously(both(
                "SELECT %1$s, %2$s, GROUPING(%1$s) AS g1, ".formatted(first, second) + aggregates(from.columns)
                        + " FROM %s q" + where(from) + " GROUP BY " + sets.formatted(first, second),
                from));
    }

    /// Groups by what follows a time column, so that their state is dropped behind the watermark.
    private Query timeKeys() {
        boolean joined = random.nextBoolean();
        Relation from = !joined ? stream() : random.nextBoolean() ? outerIntervalJoin() : intervalJoin();
        String first = joined ? "l_ts" : "ts";
        String second = joined ? "r_ts" : "ts";
        String number = joined ? "l_x" : "x";
        String key = pick(
                first,
                second,
                "FLOOR(%1$s TO MINUTE)",
                "FLOOR(%1$s TO SECOND)",
                "%1$s + INTERVAL '7' SECOND",
                "%1$s - INTERVAL '7' SECOND",
                "COALESCE(%1$s, %2$s)",
                "COALESCE(%2$s + INTERVAL '3' SECOND, %1$s)",
                "CASE WHEN %3$s > 3 THEN %1$s ELSE %2$s - INTERVAL '4' SECOND END",
                "CASE WHEN %3$s > 3 THEN %1$s END",
                "CASE WHEN %3$s > 3 THEN %2$s WHEN %3$s > 1 THEN NULL ELSE %1$s END",
                "COALESCE(%1$s, TIMESTAMP '2001-01-01 00:00:10')");
        String ours = String.format(Locale.ROOT, key, first, second, number);
        String duck = ours.replaceAll("FLOOR\\((\\w+) TO (\\w+)\\)", "date_trunc('$2', $1)");
        String rest = ", " + aggregates(from.columns) + " FROM %s q" + where(from) + " GROUP BY ";
        String other = random.nextInt(3) == 0 ? ", " + from.columns.getFirst().name : "";
        return new Query(
                "SELECT " + ours + " AS t" + rest.replace("%s", from.ours) + ours + other,
                "SELECT " + duck + " AS t" + rest.replace("%s", from.ours) + duck + other);
    }

    /// Sub-queries that look at the row outside.
    private Query correlated() {
        String inner = pick("b", "u");
        String key = inner.equals("b") ? "b.k" : "u.id";
        String number = inner.equals("b") ? "b.x" : "u.y";
        String of =
                pick("SUM(%s)", "MIN(%s)", "MAX(%s)", "COUNT(%s)", "COUNT(*)").replace("%s", number);
        String value = "(SELECT " + of + " FROM " + inner + " WHERE " + key + " = q.k"
                + pick("", " AND " + number + " > 1") + ")";
        String sql = random.nextBoolean()
                ? "SELECT k, g, x, " + value + " AS v FROM a q"
                : "SELECT k, g, x FROM a q WHERE x " + pick("<", ">=", "=") + " " + value;
        return maybeContinuously(new Query(sql, sql));
    }

    /// IN and EXISTS with all that NULL does to them.
    private Query membership() {
        String inner = pick(
                "SELECT k FROM b",
                "SELECT k FROM b WHERE k IS NOT NULL",
                "SELECT k FROM b WHERE 1 = 0",
                "SELECT id FROM u",
                "SELECT x FROM b WHERE x > 8",
                "SELECT b.x FROM b WHERE b.g = q.g");
        String condition = pick(
                        "k IN (%s)", "k NOT IN (%s)", "x NOT IN (%s)", "(k IN (%s) OR x > 5)", "NOT (k IN (%s))")
                .replace("%s", inner);
        String sql = "SELECT k, g, x FROM a q WHERE " + condition + pick("", " AND x > 1", " AND g IS NOT NULL");
        return maybeContinuously(new Query(sql, sql));
    }

    private Relation selfJoin() {
        String kind = pick("JOIN", "LEFT JOIN", "FULL JOIN");
        String on = pick("l.k = r.x", "l.k = r.k AND l.x > r.x", "l.g = r.g AND l.k + 1 = r.k");
        return aliased("a l %s a r ON %s".formatted(kind, on), STREAM_COLUMNS, STREAM_COLUMNS);
    }

    private Relation threeWay() {
        List<Column> columns = List.of(
                new Column("l.k", 'n'),
                new Column("l.g", 's'),
                new Column("r.x", 'n'),
                new Column("t.name", 's'),
                new Column("t.y", 'n'));
        String sql = select(
                columns,
                "a l %s b r ON l.k = r.k AND l.x = r.x %s u t ON %s"
                        .formatted(
                                pick("JOIN", "LEFT JOIN", "FULL JOIN"),
                                pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"),
                                pick("t.id = l.k", "t.id = r.k", "t.y = r.x")));
        return new Relation(sql, sql, renamed(columns));
    }

    private Query nestedSets() {
        String columns = pick("k", "g", "k, g");
        String part = "SELECT " + columns + " FROM ";
        String sql = "(" + part + "a" + where(new Relation("a", "a", STREAM_COLUMNS)) + pick(" UNION ALL ", " UNION ")
                + part + "b)" + pick(" EXCEPT ", " INTERSECT ", " EXCEPT ALL ", " INTERSECT ALL ", " UNION ") + part
                + pick("a", "b") + where(new Relation("b", "b", STREAM_COLUMNS));
        return maybeContinuously(new Query(sql, sql));
    }

    /// The first rows of each group; ties are broken by all columns.
    private Query ranked() {
        String key = pick("k", "g", "k, g");
        String order = pick("x DESC NULLS FIRST, k, g, d, ts", "ts, x, k, g, d", "d DESC NULLS FIRST, x, k, g, ts");
        Relation from = stream();
        String sql =
                "SELECT k, g, x, place FROM (SELECT k, g, x, d, ts, ROW_NUMBER() OVER (PARTITION BY %s ORDER BY %s) AS place FROM %s q%s) WHERE place <= %d"
                        .formatted(key, order, from.ours, where(from), 1 + random.nextInt(3));
        return maybeContinuously(new Query(sql, sql));
    }

    private Relation windowOfView() {
        return window("v1", 5 * (1 + random.nextInt(6)));
    }

    private Query distinctOf(Relation from) {
        String first = from.columns.get(0).name;
        String second = from.columns.get(1).name;
        return maybeContinuously(both(
                "SELECT DISTINCT " + pick(first, second, first + ", " + second) + " FROM %s q" + where(from), from));
    }

    private Relation limited() {
        String sql = "(SELECT k, g, x, d, ts FROM %s%s ORDER BY x DESC NULLS FIRST, k, g, d, ts LIMIT %d)"
                .formatted(pick("a", "b"), where(new Relation("a", "a", STREAM_COLUMNS)), 1 + random.nextInt(20));
        return new Relation(sql, sql, STREAM_COLUMNS);
    }

    private Relation outerIntervalJoin() {
        String sql =
                "a l %s b r ON l.k = r.k AND l.ts BETWEEN r.ts - INTERVAL '%d' SECOND AND r.ts + INTERVAL '%d' SECOND"
                        .formatted(pick("RIGHT JOIN", "FULL JOIN"), random.nextInt(10), random.nextInt(10));
        return aliased(sql, STREAM_COLUMNS, STREAM_COLUMNS);
    }

    private Query setOperation() {
        String operation = pick("UNION ALL", "UNION", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL");
        String columns = pick("k", "g", "k, g", "x");
        String sql = "SELECT %1$s FROM a%2$s %3$s SELECT %1$s FROM b%4$s"
                .formatted(
                        columns,
                        where(new Relation("a", "a", STREAM_COLUMNS)),
                        operation,
                        where(new Relation("b", "b", STREAM_COLUMNS)));
        return new Query(sql, sql);
    }

    private Query distinct() {
        Relation from = stream();
        return both("SELECT DISTINCT " + pick("k", "g", "k, x", "g, x + 1 AS y") + " FROM %s q" + where(from), from);
    }

    private Query topN() {
        Relation from = stream();
        String order = pick("k, g, x, d, ts", "x DESC, k, g, d, ts", "g DESC, x, k, d, ts");
        String nulls = order.replace(" DESC", " DESC NULLS FIRST");
        int limit = 1 + random.nextInt(8);
        String offset = random.nextInt(3) == 0 ? " OFFSET " + random.nextInt(4) : "";
        String sql = "SELECT k, g, x, d, ts FROM " + from.ours + where(from) + " ORDER BY " + nulls + " LIMIT " + limit
                + offset;
        return new Query(sql, sql);
    }

    private Query subQuery() {
        Relation from = new Relation("a", "a", STREAM_COLUMNS);
        String condition = pick(
                "k IN (SELECT k FROM b)",
                "EXISTS (SELECT 1 FROM b WHERE b.k = q.k)",
                "NOT EXISTS (SELECT 1 FROM b WHERE b.k = q.k)",
                "NOT EXISTS (SELECT 1 FROM b WHERE b.k = q.k AND b.g = q.g)",
                "x > (SELECT AVG(x) FROM b)",
                "g IN (SELECT g FROM b WHERE x > 3)");
        return both("SELECT k, g, x FROM %s q WHERE " + condition, from);
    }

    private Query both(String template, Relation from) {
        String duck = from.duck;
        return new Query(template.replace("%s", from.ours), duck == null ? null : template.replace("%s", duck));
    }

    // ---- expressions
    // ---------------------------------------------------------------------------------------------------

    private String where(Relation from) {
        return switch (random.nextInt(4)) {
            case 0 -> " WHERE " + condition(from.columns);
            case 1 -> " WHERE " + condition(from.columns) + pick(" AND ", " OR ") + condition(from.columns);
            default -> "";
        };
    }

    private String condition(List<Column> columns) {
        Column column = columns.get(random.nextInt(columns.size()));
        String name = column.name;
        return switch (column.type) {
            case 'n' ->
                pick(
                        name + " > " + random.nextInt(6),
                        name + " IS NOT NULL",
                        name + " IN (1, 2, 5)",
                        name + " IS NOT DISTINCT FROM " + random.nextInt(4),
                        name + " IS DISTINCT FROM 2",
                        "NOT (" + name + " = " + random.nextInt(6) + ")",
                        name + " BETWEEN 1 AND 4");
            case 's' ->
                pick(
                        name + " = 'red'",
                        name + " <> 'blue'",
                        name + " LIKE '%e%'",
                        name + " IS DISTINCT FROM 'red'",
                        name + " IS NULL",
                        "UPPER(" + name + ") = 'GREEN'");
            case 'd' -> pick(name + " > 0.5", name + " <= 2.25", name + " IS NOT NULL");
            default -> pick(name + " > TIMESTAMP '2001-01-01 00:00:10'", name + " IS NOT NULL");
        };
    }

    private String expression(List<Column> columns, int depth) {
        Column column = columns.get(random.nextInt(columns.size()));
        String name = column.name;
        if (depth == 0 || random.nextInt(3) == 0) {
            return name;
        }
        return switch (column.type) {
            case 'n' ->
                pick(
                        name + " + " + random.nextInt(10),
                        name + " * 2 - 1",
                        "ABS(" + name + " - 3)",
                        "COALESCE(" + name + ", -1)",
                        "CASE WHEN " + condition(columns) + " THEN " + name + " ELSE 0 END",
                        "MOD(" + name + ", 3)",
                        "CAST(" + name + " AS DOUBLE) / 4",
                        "NULLIF(" + name + ", 2)");
            case 's' ->
                pick(
                        "UPPER(" + name + ")",
                        name + " || '-' || " + name,
                        "COALESCE(" + name + ", 'none')",
                        "CHAR_LENGTH(" + name + ")",
                        "SUBSTRING(" + name + " FROM 2 FOR 2)",
                        "CASE WHEN " + condition(columns) + " THEN " + name + " ELSE 'x' END");
            case 'd' -> pick(name + " * 2", name + " + 1.5e0", "FLOOR(" + name + ")", "COALESCE(" + name + ", 0e0)");
            default -> pick(name, "EXTRACT(MINUTE FROM " + name + ")", "CAST(" + name + " AS DATE)");
        };
    }

    private String aggregates(List<Column> columns) {
        List<String> calls = new ArrayList<>();
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            calls.add(aggregate(columns.get(random.nextInt(columns.size()))) + " AS a" + i);
        }
        return String.join(", ", calls);
    }

    private String aggregate(Column column) {
        String name = column.name;
        String filter = random.nextInt(5) == 0 ? " FILTER (WHERE " + name + " IS NOT NULL)" : "";
        String call = switch (column.type) {
            case 'n' ->
                pick(
                        "COUNT(*)",
                        "COUNT(%s)",
                        "SUM(%s)",
                        "AVG(%s)",
                        "MIN(%s)",
                        "MAX(%s)",
                        "COUNT(DISTINCT %s)",
                        "SUM(DISTINCT %s)");
            case 's' -> pick("COUNT(%s)", "MIN(%s)", "MAX(%s)", "COUNT(DISTINCT %s)");
            case 'd' -> pick("SUM(%s)", "AVG(%s)", "MIN(%s)", "MAX(%s)", "COUNT(%s)");
            default -> pick("MIN(%s)", "MAX(%s)", "COUNT(*)");
        };
        return String.format(Locale.ROOT, call, name) + filter;
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
