package io.millrace.replication;

public record TopicPartition(String topic, int partition) {}
