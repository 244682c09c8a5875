-- Flights as they happen: event time is the scheduled departure, and a flight may come in up to ten minutes late.
CREATE STREAM flights (
  ts TIMESTAMP(3),
  delay INTEGER,
  distance INTEGER,
  origin VARCHAR,
  destination VARCHAR,
  WATERMARK FOR ts AS ts - INTERVAL '10' MINUTE
) WITH (topic = 'flights', format = 'json');

-- Airports: the latest record of each code.
CREATE TABLE airports (
  iata VARCHAR PRIMARY KEY,
  name VARCHAR,
  city VARCHAR,
  state VARCHAR,
  country VARCHAR,
  latitude DOUBLE,
  longitude DOUBLE
) WITH (topic = 'airports');
