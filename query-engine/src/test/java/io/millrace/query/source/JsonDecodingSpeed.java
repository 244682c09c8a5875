package io.millrace.query.source;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.plan.SourceSpec.Format;
import io.millrace.query.plan.SourceSpec.Origin;
import io.millrace.query.plan.SourceSpec.Side;
import io.millrace.query.plan.SourceSpec.SourceColumn;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/// Three of five fields of flight records into columns, against Jackson's streaming parser over the same bytes.
/// Prints rates and their ratio (best of rounds): run `main` from the test class path.
final class JsonDecodingSpeed {
    private static final int RECORDS = 20_000;
    private static final int ROUNDS = 60;

    private JsonDecodingSpeed() {}

    public static void main(String[] arguments) {
        int[] starts = new int[RECORDS + 1];
        byte[] bytes = records(starts);
        double own = 0;
        double jackson = 0;
        long ownSum = 0;
        long jacksonSum = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long began = System.nanoTime();
            ownSum = own(bytes, starts);
            own = Math.max(own, RECORDS * 1e9 / (System.nanoTime() - began));
            began = System.nanoTime();
            jacksonSum = jackson(bytes, starts);
            jackson = Math.max(jackson, RECORDS * 1e9 / (System.nanoTime() - began));
        }
        if (ownSum != jacksonSum) {
            throw new IllegalStateException("sums differ: " + ownSum + " and " + jacksonSum);
        }
        System.out.printf(
                "own %.2f M records/s, Jackson %.2f M records/s, ratio %.2f%n",
                own / 1e6, jackson / 1e6, own / jackson);
    }

    private static byte[] records(int[] starts) {
        SplittableRandom random = new SplittableRandom(1);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String[] airports = {"DTW", "LAS", "HNL", "SFO", "OAK", "ORD"};
        for (int i = 0; i < RECORDS; i++) {
            starts[i] = bytes.size();
            bytes.writeBytes(("{\"date\":\"2001-01-0" + random.nextInt(1, 10) + " 0" + random.nextInt(10)
                            + ":47:00\",\"delay\":"
                            + random.nextInt(-20, 200) + ",\"distance\":" + random.nextInt(100, 3000) + ",\"origin\":\""
                            + airports[random.nextInt(6)] + "\",\"destination\":\"" + airports[random.nextInt(6)]
                            + "\"}")
                    .getBytes(StandardCharsets.UTF_8));
        }
        starts[RECORDS] = bytes.size();
        bytes.writeBytes(new byte[8]);
        return bytes.toByteArray();
    }

    private static final List<SourceColumn> COLUMNS = List.of(
            column("delay", SqlType.BIGINT), column("distance", SqlType.BIGINT), column("origin", SqlType.VARCHAR));

    private static SourceColumn column(String name, SqlType type) {
        return new SourceColumn(name, ColumnType.of(type), Origin.FIELD, List.of(name));
    }

    private static final JsonDecoder DECODER = new JsonDecoder(
            new SourceSpec("f", "f", Format.JSON, Map.of(), COLUMNS, null, Side.GOOD, List.of(), List.of()));
    private static final Batch BATCH = new Batch(new Schema(COLUMNS.stream()
            .map(column -> new ColumnInfo(column.name(), column.type()))
            .toList()));

    private static long own(byte[] bytes, int[] starts) {
        long sum = 0;
        for (int from = 0; from < RECORDS; from += 1000) {
            BATCH.clear();
            for (int i = from; i < from + 1000; i++) {
                if (DECODER.decode(bytes, starts[i], starts[i + 1] - starts[i]) != null) {
                    throw new IllegalStateException("bad");
                }
                DECODER.append(0, BATCH.column(0));
                DECODER.append(1, BATCH.column(1));
                DECODER.append(2, BATCH.column(2));
                BATCH.endRow(1);
            }
            for (int row = 0; row < 1000; row++) {
                sum += BATCH.longs(0).get(row)
                        + BATCH.longs(1).get(row)
                        + BATCH.bytes(2).length(row);
            }
        }
        return sum;
    }

    private static final JsonFactory JACKSON = new JsonFactory();

    private static long jackson(byte[] bytes, int[] starts) {
        long sum = 0;
        for (int i = 0; i < RECORDS; i++) {
            try (JsonParser parser =
                    JACKSON.createParser(ObjectReadContext.empty(), bytes, starts[i], starts[i + 1] - starts[i])) {
                parser.nextToken();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    switch (name) {
                        case "delay", "distance" -> sum += parser.getLongValue();
                        case "origin" -> sum += parser.getString().length();
                        default -> parser.skipChildren();
                    }
                }
            }
        }
        return sum;
    }
}
