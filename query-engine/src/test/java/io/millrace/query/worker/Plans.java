package io.millrace.query.worker;

import io.millrace.query.Frontier;
import io.millrace.query.InputPort;
import io.millrace.query.QueryEngine.ParsedStatement;
import io.millrace.query.Session;
import io.millrace.query.sql.Catalog;
import io.millrace.query.sql.PlannedStatement;
import io.millrace.query.sql.SqlFront;
import io.millrace.query.sql.SqlFronts;
import java.io.IOException;
import java.util.Map;

/// SQL text to something that steps.
final class Plans {
    private static final SqlFront FRONT = SqlFronts.create();

    private final LocalTopics topics;

    Plans(LocalTopics topics) {
        this.topics = topics;
    }

    /// Declares a stream or table; its topic must exist.
    void declare(String ddl) {
        if (plan(ddl) instanceof PlannedStatement.Create create) {
            topics.store(create.key(), create.text()).join();
        } else {
            throw new IllegalArgumentException("not a plain CREATE: " + ddl);
        }
    }

    PlannedStatement plan(String sql) {
        ParsedStatement statement = FRONT.parse(sql).getFirst();
        return FRONT.plan(statement, Session.create(), new Catalog(topics.load(), topics));
    }

    PlannedStatement.Query query(String sql) {
        return (PlannedStatement.Query) plan(sql);
    }

    Execution execute(PlannedStatement.Query query) throws IOException {
        return new Execution(query.plan(), new Parts(Long.MAX_VALUE), (InputPort) topics, RowFailures::refuse);
    }

    /// A frontier over one topic of one partition.
    static Frontier at(String topic, long offset) {
        return new Frontier(Map.of(topic, new long[] {offset}));
    }
}
