-- Departures and their average delay, per origin and hour, with the city's name from the table of airports.
SELECT w.window_start AS "hour", w.origin, a.city, a.state, w.departures, w.average_delay
FROM (
  SELECT window_start, window_end, origin,
         COUNT(*) AS departures,
         ROUND(AVG(CAST(delay AS DOUBLE)), 1) AS average_delay
  FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(ts), INTERVAL '1' HOUR))
  GROUP BY window_start, window_end, origin
) AS w
JOIN airports AS a ON a.iata = w.origin
EMIT CHANGES
