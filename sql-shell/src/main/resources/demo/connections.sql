-- Whom does a late plane make nervous: flights an hour or more behind, with the departures from the airport they are
-- bound for within the next two hours.
SELECT late.ts AS "left", late.origin AS "from", late.destination AS "via", late.delay AS late_minutes,
       onward.ts AS departs, onward.destination AS "to"
FROM flights AS late
JOIN flights AS onward
  ON onward.origin = late.destination
 AND onward.ts BETWEEN late.ts AND late.ts + INTERVAL '2' HOUR
WHERE late.delay >= 60
EMIT CHANGES
