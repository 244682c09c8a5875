package io.millrace.shell.demo;

import io.millrace.client.JsonText;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A flight as it is replayed.
///
/// @param scheduled local time of the scheduled departure; the data has no time zones
/// @param delay minutes; negative when it left early
/// @param distance miles
record Flight(LocalDateTime scheduled, long delay, long distance, String origin, String destination) {
    private static final DateTimeFormatter READ = DateTimeFormatter.ofPattern("uuuu/MM/dd HH:mm");
    private static final DateTimeFormatter WRITE = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");

    /// All flights in the order of their scheduled time.
    static List<Flight> load() {
        if (!(JsonText.parse(Resources.text("flights-20k.json")) instanceof List<?> list)) {
            throw new IllegalStateException("flights-20k.json is not an array");
        }
        List<Flight> flights = new ArrayList<>(list.size());
        for (Object item : list) {
            if (!(item instanceof Map<?, ?> map
                    && map.get("date") instanceof String date
                    && map.get("delay") instanceof Long delay
                    && map.get("distance") instanceof Long distance
                    && map.get("origin") instanceof String origin
                    && map.get("destination") instanceof String destination)) {
                throw new IllegalStateException("flights-20k.json holds something that is no flight: " + item);
            }
            flights.add(new Flight(LocalDateTime.parse(date, READ), delay, distance, origin, destination));
        }
        flights.sort(java.util.Comparator.comparing(Flight::scheduled)); // stable: ties keep the order of the file
        return flights;
    }

    String timeText() {
        return WRITE.format(scheduled);
    }

    String toJson() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("ts", timeText());
        object.put("delay", delay);
        object.put("distance", distance);
        object.put("origin", origin);
        object.put("destination", destination);
        return JsonText.write(object);
    }
}
