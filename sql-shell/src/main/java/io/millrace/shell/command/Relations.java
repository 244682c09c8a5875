package io.millrace.shell.command;

import io.millrace.client.Catalog;
import io.millrace.client.Column;
import io.millrace.client.Frontier;
import io.millrace.client.SqlResult;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The catalogue as a result, so that it prints in whatever format is chosen.
final class Relations {
    private static final List<Column> COLUMNS =
            List.of(new Column("name", "VARCHAR"), new Column("kind", "VARCHAR"), new Column("columns", "VARCHAR"));

    private Relations() {}

    static RunOutcome print(Session session, Predicate<Catalog.Relation> wanted) {
        List<List<@Nullable Object>> rows = new ArrayList<>();
        session.client().catalog().relations().stream()
                .filter(wanted)
                .sorted(Comparator.comparing(Catalog.Relation::name))
                .forEach(relation -> rows.add(List.of(relation.name(), relation.kind(), columns(relation))));
        session.printer().print(new SqlResult(COLUMNS, rows, Frontier.EMPTY, Optional.empty(), 0));
        return RunOutcome.OK;
    }

    private static String columns(Catalog.Relation relation) {
        return relation.columns().stream().map(Column::name).collect(Collectors.joining(", "));
    }
}
