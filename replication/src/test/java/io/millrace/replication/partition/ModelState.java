package io.millrace.replication.partition;

import io.millrace.replication.AppendOutcome;
import io.millrace.replication.CommitOutcome;
import io.millrace.replication.DocumentOutcome;
import io.millrace.replication.FenceOutcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The state machine again, as plainly as it can be said: lists and maps, no disk, no bytes.
final class ModelState {
    record Fact(long firstOffset, int count, long bodyHash, long timeMs) {}

    record Stamp(long generation, long step) {}

    static final class Partition {
        final List<String> values = new ArrayList<>();
        final Map<Long, Fact> keys = new LinkedHashMap<>();
        final Map<String, Stamp> stamps = new TreeMap<>();
        final Map<String, Long> commits = new TreeMap<>();
        long earliest;
    }

    record Topic(long id, List<Partition> partitions) {}

    final Map<String, Topic> topics = new TreeMap<>();
    final Map<String, Long> fences = new TreeMap<>();
    final Map<String, Long> documents = new TreeMap<>();
    private final int keysMax;
    private final long windowMs;
    private long nextId = 1;
    private long timeMs;
    private long keysMs; // time as keys grow older: no step of it is longer than a tenth of the window

    ModelState(int keysMax, long windowMs) {
        this.keysMax = keysMax;
        this.windowMs = windowMs;
    }

    void advance(long entryMs) {
        long stepMs = Math.max(0, entryMs - timeMs);
        timeMs += stepMs;
        keysMs += Math.min(stepMs, windowMs / 10);
    }

    void create(String name, int partitions) {
        if (!topics.containsKey(name)) {
            List<Partition> made = new ArrayList<>();
            for (int i = 0; i < partitions; i++) {
                made.add(new Partition());
            }
            topics.put(name, new Topic(nextId++, made));
        }
    }

    private Topic byId(long id) {
        return topics.values().stream()
                .filter(topic -> topic.id() == id)
                .findAny()
                .orElse(new Topic(-1, List.of()));
    }

    CommandOutcome append(
            long topicId,
            int at,
            List<String> values,
            long key,
            long bodyHash,
            long expect,
            String query,
            Stamp stamp) {
        Topic topic = byId(topicId);
        if (topic.id() < 0) {
            return rejected(new AppendOutcome.UnknownTopic());
        }
        if (at >= topic.partitions().size()) {
            return rejected(
                    new AppendOutcome.UnknownPartition(topic.partitions().size()));
        }
        Partition partition = topic.partitions().get(at);
        long generation = fences.getOrDefault(query, 0L);
        if (!query.isEmpty() && stamp.generation() != generation) {
            return rejected(new AppendOutcome.Fenced(generation));
        }
        if (key != 0) {
            partition.keys.values().removeIf(fact -> fact.timeMs() < keysMs - windowMs);
            Fact known = partition.keys.get(key);
            if (known != null) {
                return rejected(
                        known.bodyHash() == bodyHash
                                ? new AppendOutcome.Duplicate(known.firstOffset(), known.count())
                                : new AppendOutcome.IdempotencyConflict());
            }
        }
        long next = partition.values.size();
        if (expect >= 0 && expect != next) {
            return rejected(new AppendOutcome.OffsetMismatch(expect, next));
        }
        partition.values.addAll(values);
        if (key != 0) {
            partition.keys.put(key, new Fact(next, values.size(), bodyHash, keysMs));
            if (partition.keys.size() > keysMax) {
                partition.keys.remove(partition.keys.keySet().iterator().next());
            }
        }
        if (!query.isEmpty()) {
            partition.stamps.put(query, stamp);
        }
        return new CommandOutcome.Appended(next, values.size());
    }

    private static CommandOutcome rejected(AppendOutcome outcome) {
        return new CommandOutcome.AppendRejected(outcome);
    }

    CommandOutcome commit(long topicId, int at, long offset, String group, long index) {
        Topic topic = byId(topicId);
        if (at >= topic.partitions().size()) {
            return new CommandOutcome.CommitDecided(new CommitOutcome.UnknownPartition());
        }
        Partition partition = topic.partitions().get(at);
        if (offset >= partition.values.size()) {
            return new CommandOutcome.CommitDecided(new CommitOutcome.OutOfRange(partition.values.size()));
        }
        long committed = partition.commits.merge(group, offset, Math::max);
        return new CommandOutcome.CommitDecided(new CommitOutcome.Committed(committed, index));
    }

    CommandOutcome put(String key, boolean empty, long expected) {
        long current = documents.getOrDefault(key, 0L);
        if (expected >= 0 && expected != current) {
            return new CommandOutcome.DocumentDecided(new DocumentOutcome.VersionMismatch(current));
        }
        if (empty) {
            documents.remove(key);
            return new CommandOutcome.DocumentDecided(new DocumentOutcome.Stored(0));
        }
        documents.put(key, current + 1);
        return new CommandOutcome.DocumentDecided(new DocumentOutcome.Stored(current + 1));
    }

    CommandOutcome fence(String query, long generation) {
        long current = fences.getOrDefault(query, 0L);
        if (generation <= current) {
            return new CommandOutcome.FenceDecided(new FenceOutcome.Stale(current));
        }
        fences.put(query, generation);
        return new CommandOutcome.FenceDecided(new FenceOutcome.Raised());
    }

    void raiseEarliest(long topicId, int at, long offset) {
        Topic topic = byId(topicId);
        if (at < topic.partitions().size()) {
            Partition partition = topic.partitions().get(at);
            if (offset <= partition.values.size()) {
                partition.earliest = Math.max(partition.earliest, offset);
            }
        }
    }
}
