package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.RecordBuffer;
import io.millrace.query.Seeds;
import io.millrace.query.data.Batch;
import io.millrace.query.sql.PlannedStatement;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The test of "Internal consistency in streaming systems" (scattered-thoughts.net, 2021), over a million
/// transfers between ten accounts: money neither appears nor vanishes in any answer that anybody can see, and a
/// transfer always finds itself in a self-join.
///
/// Each account first transfers to itself, because the inner join of credits and debits knows an account only
/// once it has been on both sides.
class BankConsistencyTest {
    private static final int TRANSFERS = Integer.getInteger("millrace.transfers", 1_000_000);
    private static final int ACCOUNTS = 10;
    private static final String TOTAL = """
            SELECT SUM(balance) AS total FROM (
              SELECT c.account, c.money - d.money AS balance
              FROM (SELECT to_account AS account, SUM(amount) AS money FROM transfers GROUP BY to_account) c
              JOIN (SELECT from_account AS account, SUM(amount) AS money FROM transfers GROUP BY from_account) d
                ON c.account = d.account)""";
    private static final String SELF_JOIN =
            "SELECT a.id AS id, b.id AS other FROM transfers a LEFT JOIN transfers b ON a.id = b.id";

    @TempDir
    Path folder;

    private final long seed = Seeds.first(20_261_121);
    private final SplittableRandom random = new SplittableRandom(seed);

    @BeforeEach
    void sayTheSeed() {
        System.out.println("seed " + seed);
    }

    @Test
    void noMoneyAppearsOrVanishesAtAnyFrontier() throws Exception {
        try (LocalTopics topics = transfers(TRANSFERS)) {
            PlannedStatement.Query query = new Plans(topics).query(TOTAL);
            Execution execution = new Plans(topics).execute(query);
            Integral total = new Integral(query.schema());
            int frontiers = 0;
            int violations = 0;
            while (!execution.frontier().includes(execution.end())) {
                Batch changes = execution.step(execution.end(), 1 + random.nextInt(2000));
                total.add(changes);
                if (execution.frontier().offset("transfers", 0) >= ACCOUNTS) {
                    frontiers++;
                    violations += isZero(total) ? 0 : 1;
                }
            }
            execution.close();
            System.out.printf("%,d transfers, %,d frontiers, %d violations%n", TRANSFERS, frontiers, violations);
            assertThat(violations).isZero();
            assertThat(frontiers).isGreaterThan(TRANSFERS / 2000);
        }
    }

    @Test
    void aTransferAlwaysFindsItselfInAnOuterSelfJoin() throws Exception {
        try (LocalTopics topics = transfers(TRANSFERS);
                Execution execution = execution(topics, SELF_JOIN)) {
            long rows = 0;
            long violations = 0;
            while (!execution.frontier().includes(execution.end())) {
                Batch changes = execution.step(execution.end(), 1 + random.nextInt(20_000));
                for (int row = 0; row < changes.count(); row++) {
                    rows += changes.weight(row);
                    violations += changes.column(1).isNull(row) || changes.weight(row) != 1 ? 1 : 0;
                }
            }
            System.out.printf("%,d transfers joined with themselves, %d violations%n", rows, violations);
            assertThat(violations).isZero();
            assertThat(rows).isEqualTo(TRANSFERS);
        }
    }

    private static boolean isZero(Integral total) {
        boolean zero = false;
        Batch rows = total.rows();
        for (int row = 0; row < rows.count(); row++) {
            if (rows.weight(row) != 0) {
                Object value = rows.column(0).objectAt(row);
                if (rows.weight(row) != 1 || zero || value == null || ((Number) value).longValue() != 0) {
                    return false;
                }
                zero = true;
            }
        }
        return zero;
    }

    private static Execution execution(LocalTopics topics, String sql) throws Exception {
        Plans plans = new Plans(topics);
        PlannedStatement.Query query = plans.query(sql);
        return plans.execute(query);
    }

    /// Transfers of 1 to 100, delivered up to ten seconds out of order.
    private LocalTopics transfers(int count) throws Exception {
        LocalTopics topics = new LocalTopics(folder.resolve("topics" + random.nextInt(1 << 30)));
        topics.create("transfers", 1);
        RecordBuffer records = new RecordBuffer();
        for (int id = 0; id < count; id++) {
            boolean opening = id < ACCOUNTS;
            String json =
                    "{\"id\":%d,\"from_account\":%d,\"to_account\":%d,\"amount\":%d,\"ts\":\"2021-01-01 00:00:%02d\"}"
                            .formatted(
                                    id,
                                    opening ? id : random.nextInt(ACCOUNTS),
                                    opening ? id : random.nextInt(ACCOUNTS),
                                    1 + random.nextInt(100),
                                    random.nextInt(60));
            byte[] value = json.getBytes(StandardCharsets.UTF_8);
            records.add(id, null, 0, -1, value, 0, value.length, List.of());
            if (records.count() == 1000 || id == count - 1) {
                topics.write("transfers", 0, records);
                records.clear();
            }
        }
        new Plans(topics)
                .declare("CREATE STREAM transfers (id BIGINT, from_account BIGINT, to_account BIGINT, amount BIGINT, "
                        + "ts TIMESTAMP(3)) WITH (topic = 'transfers')");
        return topics;
    }
}
