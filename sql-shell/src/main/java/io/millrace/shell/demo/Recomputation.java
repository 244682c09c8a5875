package io.millrace.shell.demo;

import java.math.BigDecimal;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What both queries must answer, computed by loops over the same flights.
final class Recomputation {
    private static final int LATE_MINUTES = 60;
    private static final int HOURS_ONWARD = 2;

    private final List<Flight> flights;
    private final Map<String, Airport> airports = new HashMap<>();

    Recomputation(List<Flight> flights, List<Airport> airports) {
        this.flights = flights;
        airports.forEach(airport -> this.airports.put(airport.iata(), airport));
    }

    private record Group(LocalDateTime hour, String origin) {}

    private static final class Sum {
        private long departures;
        private long delay;
    }

    /// Complains about the first difference; null when there is none.
    ///
    /// @param rows hour, origin, city, state, departures, average delay
    @Nullable
    String differenceInDepartures(List<List<@Nullable Object>> rows) {
        Map<Group, Sum> groups = new HashMap<>();
        for (Flight flight : flights) {
            if (airports.containsKey(flight.origin())) {
                Sum sum = groups.computeIfAbsent(
                        new Group(flight.scheduled().truncatedTo(ChronoUnit.HOURS), flight.origin()), _ -> new Sum());
                sum.departures++;
                sum.delay += flight.delay();
            }
        }
        if (rows.size() != groups.size()) {
            return "expected " + groups.size() + " rows of hour and origin, found " + rows.size();
        }
        for (List<@Nullable Object> row : rows) {
            Group group = new Group(time(row.get(0)), String.valueOf(row.get(1)));
            Sum sum = groups.get(group);
            Airport airport = airports.get(group.origin);
            if (sum == null || airport == null) {
                return "unexpected row " + row;
            }
            double average = (double) sum.delay / sum.departures;
            boolean same = airport.city().equals(row.get(2))
                    && number(row.get(4)) == sum.departures
                    && Math.abs(number(row.get(5)) - average) <= 0.0501; // rounded to one digit
            if (!same) {
                return "expected " + sum.departures + " departures with an average delay of " + average + ", found "
                        + row;
            }
        }
        return null;
    }

    /// Complains about the first difference; null when there is none.
    ///
    /// @param rows left, from, via, late minutes, departs, to
    @Nullable
    String differenceInConnections(List<List<@Nullable Object>> rows) {
        Map<List<Object>, Long> expected = new LinkedHashMap<>();
        for (int i = 0; i < flights.size(); i++) {
            Flight late = flights.get(i);
            if (late.delay() < LATE_MINUTES) {
                continue;
            }
            LocalDateTime end = late.scheduled().plusHours(HOURS_ONWARD);
            int j = i;
            while (j > 0 && flights.get(j - 1).scheduled().equals(late.scheduled())) {
                j--; // flights of the same minute may stand before it
            }
            for (; j < flights.size() && !flights.get(j).scheduled().isAfter(end); j++) {
                Flight onward = flights.get(j);
                if (onward.origin().equals(late.destination())) {
                    expected.merge(
                            List.of(
                                    late.scheduled(),
                                    late.origin(),
                                    late.destination(),
                                    late.delay(),
                                    onward.scheduled(),
                                    onward.destination()),
                            1L,
                            Long::sum);
                }
            }
        }
        Map<List<Object>, Long> left = new LinkedHashMap<>(expected);
        for (List<@Nullable Object> row : rows) {
            List<Object> key = new ArrayList<>(List.of(
                    time(row.get(0)),
                    String.valueOf(row.get(1)),
                    String.valueOf(row.get(2)),
                    (long) number(row.get(3)),
                    time(row.get(4)),
                    String.valueOf(row.get(5))));
            Long count = left.get(key);
            if (count == null) {
                return "unexpected row " + row;
            }
            if (count == 1) {
                left.remove(key);
            } else {
                left.put(key, count - 1);
            }
        }
        return left.isEmpty()
                ? null
                : left.size() + " rows are missing, the first is "
                        + left.keySet().iterator().next();
    }

    private static LocalDateTime time(@Nullable Object cell) {
        return LocalDateTime.parse(String.valueOf(cell).replace(' ', 'T').replace("Z", ""));
    }

    private static double number(@Nullable Object cell) {
        return new BigDecimal(String.valueOf(cell)).doubleValue();
    }
}
