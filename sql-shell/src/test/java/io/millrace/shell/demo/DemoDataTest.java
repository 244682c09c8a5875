package io.millrace.shell.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.parse.StatementSplitter;
import java.math.BigDecimal;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DemoDataTest {
    private final List<Flight> flights = Flight.load();
    private final List<Airport> airports = Airport.load();

    @Test
    void flightsAreInOrderAndTheirAirportsKnown() {
        assertThat(flights).hasSize(20_000).isSortedAccordingTo(Comparator.comparing(Flight::scheduled));
        assertThat(airports).hasSize(3_376);
        Set<String> codes = airports.stream().map(Airport::iata).collect(Collectors.toSet());
        assertThat(codes).hasSize(3_376);
        assertThat(flights).allSatisfy(flight -> assertThat(codes).contains(flight.origin(), flight.destination()));
    }

    @Test
    void aFlightIsWrittenAsTheStreamReadsIt() {
        assertThat(flights.getFirst().toJson())
                .isEqualTo("{\"ts\":\"2001-01-01 00:47:00\",\"delay\":66,\"distance\":1750,\"origin\":\"DTW\","
                        + "\"destination\":\"LAS\"}");
    }

    @Test
    void airportsBecomeInsertsWithQuotesDoubled() {
        List<String> inserts = Airport.inserts(airports, 500);
        assertThat(inserts).hasSize(7);
        List<Statement> statements = StatementSplitter.split(String.join(";\n", inserts) + ";");
        assertThat(statements).hasSize(7).allMatch(statement -> statement instanceof Statement.Sql);
        assertThat(inserts.getFirst())
                .startsWith("INSERT INTO airports VALUES\n('00M', 'Thigpen', 'Bay Springs', 'MS', 'USA', 31.95376472, "
                        + "-89.23450472),\n");
    }

    @Test
    void theStatementsOfTheDemoAreWhole() {
        assertThat(StatementSplitter.split(Resources.text("setup.sql")))
                .hasSize(2)
                .allMatch(statement -> statement instanceof Statement.Sql);
        for (String query : List.of("departures.sql", "connections.sql")) {
            assertThat(StatementSplitter.split(Resources.text(query)))
                    .singleElement()
                    .isInstanceOf(Statement.Incomplete.class); // one statement, without semicolon
        }
    }

    /// The same answer by the slowest means: every pair of flights of the first two days.
    @Test
    void theRecomputationAgreesWithANestedLoopAndNoticesDifferences() {
        List<Flight> few = flights.subList(0, 450);
        Recomputation recomputation = new Recomputation(few, airports);
        List<List<@Nullable Object>> rows = new ArrayList<>();
        for (Flight late : few) {
            for (Flight onward : few) {
                boolean soon = !onward.scheduled().isBefore(late.scheduled())
                        && ChronoUnit.MINUTES.between(late.scheduled(), onward.scheduled()) <= 120;
                if (late.delay() >= 60 && soon && onward.origin().equals(late.destination())) {
                    rows.add(List.of(
                            late.timeText(),
                            late.origin(),
                            late.destination(),
                            late.delay(),
                            onward.timeText(),
                            onward.destination()));
                }
            }
        }
        assertThat(rows).hasSizeGreaterThan(5);
        assertThat(recomputation.differenceInConnections(rows)).isNull();
        assertThat(recomputation.differenceInConnections(rows.subList(1, rows.size())))
                .contains("1 rows are missing");
        List<List<@Nullable Object>> twice = new ArrayList<>(rows);
        twice.add(rows.getFirst());
        assertThat(recomputation.differenceInConnections(twice)).contains("unexpected row");
    }

    @Test
    void theRecomputationOfDeparturesNoticesDifferences() {
        Flight first = flights.getFirst();
        Recomputation one = new Recomputation(List.of(first), airports);
        List<@Nullable Object> right =
                List.of("2001-01-01 00:00:00", "DTW", "Detroit", "MI", 1L, new BigDecimal("66.0"));
        assertThat(one.differenceInDepartures(List.of(right))).isNull();
        assertThat(one.differenceInDepartures(List.of())).contains("expected 1 rows");
        List<@Nullable Object> wrong =
                List.of("2001-01-01 00:00:00", "DTW", "Detroit", "MI", 1L, new BigDecimal("66.1"));
        assertThat(one.differenceInDepartures(List.of(wrong))).contains("average delay of 66.0");
    }
}
