package io.millrace.http.subscribe;

/// @param streamsMax streams of records that may be open at the same time
/// @param answerBytesMax largest `max_bytes` of a consume request
public record SubscribeSettings(int streamsMax, int answerBytesMax) {}
