package io.millrace.shell.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// An airport of the table.
record Airport(String iata, String name, String city, String state, String country, String latitude, String longitude) {

    static List<Airport> load() {
        List<Airport> airports = new ArrayList<>();
        List<String> lines = Resources.text("airports.csv").lines().toList();
        for (String line : lines.subList(1, lines.size())) {
            List<String> cells = cells(line);
            if (cells.size() != 7) {
                throw new IllegalStateException("airports.csv holds a line that is no airport: " + line);
            }
            airports.add(new Airport(
                    cells.get(0), cells.get(1), cells.get(2), cells.get(3), cells.get(4), cells.get(5), cells.get(6)));
        }
        return airports;
    }

    /// One line of CSV; quotes keep commas.
    private static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        boolean quoted = false;
        for (int at = 0; at < line.length(); at++) {
            char c = line.charAt(at);
            if (c == '"') {
                if (quoted && at + 1 < line.length() && line.charAt(at + 1) == '"') {
                    cell.append('"');
                    at++;
                } else {
                    quoted = !quoted;
                }
            } else if (c == ',' && !quoted) {
                cells.add(cell.toString());
                cell.setLength(0);
            } else {
                cell.append(c);
            }
        }
        cells.add(cell.toString());
        return cells;
    }

    /// `INSERT` statements of at most `rowsMax` rows each.
    static List<String> inserts(List<Airport> airports, int rowsMax) {
        List<String> statements = new ArrayList<>();
        for (int from = 0; from < airports.size(); from += rowsMax) {
            statements.add(airports.subList(from, Math.min(airports.size(), from + rowsMax)).stream()
                    .map(Airport::values)
                    .collect(Collectors.joining(",\n", "INSERT INTO airports VALUES\n", "")));
        }
        return statements;
    }

    private String values() {
        return "(" + text(iata) + ", " + text(name) + ", " + text(city) + ", " + text(state) + ", " + text(country)
                + ", " + latitude + ", " + longitude + ")";
    }

    private static String text(String value) {
        return "'" + value.replace("'", "''") + "'";
    }
}
