package io.millrace.query.source;

import io.millrace.log.RecordReader;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import io.millrace.query.format.Json;
import io.millrace.query.format.TimeText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds the columns of a topic from some of its JSON records.
///
/// | values seen | column |
/// |---|---|
/// | whole numbers in range | BIGINT |
/// | numbers | DOUBLE |
/// | `true`, `false` | BOOLEAN |
/// | strings that are all dates, or times with a date | DATE, TIMESTAMP |
/// | other strings; nothing but null | VARCHAR |
/// | objects | ROW of their members; JSON when one is empty throughout |
/// | arrays | ARRAY of what its elements have in common |
/// | kinds that do not mix | JSON |
///
/// Names are as seen, in the order in which they appeared first.
public final class Inference {
    /// Records that are looked at, at most.
    public static final int RECORDS_MAX = 1_000;

    /// Objects nested deeper are JSON.
    private static final int DEPTH_MAX = 8;

    private Inference() {}

    /// Reads each sample to the end of what there is, or its share of [#RECORDS_MAX] records, and judges those that
    /// are JSON objects.
    ///
    /// @return empty when there is no such record
    public static List<ColumnInfo> infer(List<? extends RecordReader> samples) throws IOException {
        Shape.Members columns = new Shape.Members();
        int left = RECORDS_MAX;
        for (int i = 0; i < samples.size(); i++) {
            int share = Math.max(1, left / (samples.size() - i));
            left -= judge(samples.get(i), share, columns);
        }
        List<ColumnInfo> found = new ArrayList<>();
        columns.members.forEach((name, shape) -> found.add(new ColumnInfo(name, shape.type())));
        return found;
    }

    /// @return records that were JSON objects
    private static int judge(RecordReader sample, int most, Shape.Members columns) throws IOException {
        int seen = 0;
        while (seen < most && sample.fill(Long.MAX_VALUE, 1 << 20)) {
            while (seen < most && sample.next()) {
                if (sample.valueLength() < 0) {
                    continue;
                }
                byte[] json = sample.bytes();
                int start = sample.valueStart();
                int end = start + sample.valueLength();
                int at = Json.skipBlanks(json, start, end);
                int to = Json.skipValue(json, at, end);
                if (to < 0
                        || json[at] != '{'
                        || Json.skipBlanks(json, to, end) != end
                        || !Json.validUtf8(json, start, end - start)) {
                    continue;
                }
                seen++;
                columns.add(json, at, to, 1);
            }
        }
        return seen;
    }

    /// What the values in one place have in common.
    private static final class Shape {
        private enum Kind {
            NOTHING,
            BOOLEAN,
            WHOLE,
            NUMBER,
            DATE,
            TIMESTAMP,
            TEXT,
            OBJECT,
            ARRAY,
            MIXED
        }

        /// The members of the objects in one place.
        static final class Members {
            final Map<String, Shape> members = new LinkedHashMap<>();

            void add(byte[] json, int start, int end, int depth) {
                int at = Json.skipBlanks(json, start + 1, end);
                while (json[at] != '}') {
                    int nameEnd = Json.skipString(json, at + 1, end);
                    String name = text(json, at, nameEnd);
                    at = Json.skipBlanks(json, nameEnd, end);
                    at = Json.skipBlanks(json, at + 1, end);
                    int valueEnd = Json.skipValue(json, at, end);
                    members.computeIfAbsent(name, unknown -> new Shape()).add(json, at, valueEnd, depth);
                    at = Json.skipBlanks(json, valueEnd, end);
                    if (json[at] == ',') {
                        at = Json.skipBlanks(json, at + 1, end);
                    }
                }
            }
        }

        private Kind kind = Kind.NOTHING;
        private final Members members = new Members();
        private @Nullable Shape element;

        private static String text(byte[] json, int start, int end) {
            byte[] into = new byte[end - start];
            int length = Json.unescape(json, start + 1, end - 1, into, 0);
            return new String(into, 0, length, StandardCharsets.UTF_8);
        }

        void add(byte[] json, int start, int end, int depth) {
            Kind seen = switch (json[start]) {
                case 'n' -> Kind.NOTHING;
                case 't', 'f' -> Kind.BOOLEAN;
                case '"' -> kindOf(text(json, start, end));
                case '{' -> depth >= DEPTH_MAX ? Kind.MIXED : Kind.OBJECT;
                case '[' -> depth >= DEPTH_MAX ? Kind.MIXED : Kind.ARRAY;
                default -> isWhole(json, start, end) ? Kind.WHOLE : Kind.NUMBER;
            };
            kind = common(kind, seen);
            if (kind == Kind.OBJECT && seen == Kind.OBJECT) {
                members.add(json, start, end, depth + 1);
            } else if (kind == Kind.ARRAY && seen == Kind.ARRAY) {
                Shape inside = element == null ? new Shape() : element;
                element = inside;
                int at = Json.skipBlanks(json, start + 1, end);
                while (json[at] != ']') {
                    int valueEnd = Json.skipValue(json, at, end);
                    inside.add(json, at, valueEnd, depth + 1);
                    at = Json.skipBlanks(json, valueEnd, end);
                    if (json[at] == ',') {
                        at = Json.skipBlanks(json, at + 1, end);
                    }
                }
            }
        }

        private static boolean isWhole(byte[] json, int start, int end) {
            for (int i = start; i < end; i++) {
                if (json[i] == '.' || json[i] == 'e' || json[i] == 'E') {
                    return false;
                }
            }
            try {
                Long.parseLong(new String(json, start, end - start, StandardCharsets.ISO_8859_1));
                return true;
            } catch (NumberFormatException e) {
                return false; // beyond 64 bits
            }
        }

        private static Kind kindOf(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            if (TimeText.date(bytes, 0, bytes.length) != TimeText.INVALID) {
                return Kind.DATE;
            }
            return TimeText.timestamp(bytes, 0, bytes.length) != TimeText.INVALID ? Kind.TIMESTAMP : Kind.TEXT;
        }

        private static Kind common(Kind left, Kind right) {
            if (left == right || right == Kind.NOTHING) {
                return left;
            }
            if (left == Kind.NOTHING) {
                return right;
            }
            if (isNumber(left) && isNumber(right)) {
                return Kind.NUMBER;
            }
            if (isText(left) && isText(right)) {
                return left == Kind.TEXT || right == Kind.TEXT ? Kind.TEXT : Kind.TIMESTAMP;
            }
            return Kind.MIXED;
        }

        private static boolean isNumber(Kind kind) {
            return kind == Kind.WHOLE || kind == Kind.NUMBER;
        }

        private static boolean isText(Kind kind) {
            return kind == Kind.DATE || kind == Kind.TIMESTAMP || kind == Kind.TEXT;
        }

        ColumnType type() {
            return switch (kind) {
                case NOTHING, TEXT -> ColumnType.of(SqlType.VARCHAR);
                case BOOLEAN -> ColumnType.of(SqlType.BOOLEAN);
                case WHOLE -> ColumnType.of(SqlType.BIGINT);
                case NUMBER -> ColumnType.of(SqlType.DOUBLE);
                case DATE -> ColumnType.of(SqlType.DATE);
                case TIMESTAMP -> ColumnType.of(SqlType.TIMESTAMP);
                case OBJECT -> {
                    if (members.members.isEmpty()) {
                        yield ColumnType.of(SqlType.JSON);
                    }
                    List<ColumnInfo> fields = new ArrayList<>();
                    members.members.forEach((name, shape) -> fields.add(new ColumnInfo(name, shape.type())));
                    yield ColumnType.row(fields);
                }
                case ARRAY -> ColumnType.array(element == null ? ColumnType.of(SqlType.VARCHAR) : element.type());
                case MIXED -> ColumnType.of(SqlType.JSON);
            };
        }
    }
}
