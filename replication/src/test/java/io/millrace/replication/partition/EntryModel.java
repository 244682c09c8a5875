package io.millrace.replication.partition;

import io.millrace.replication.OutputStamp;
import io.millrace.replication.Retention;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicOutcome;
import io.millrace.replication.TopicSettings;
import io.millrace.replication.metadata.Fields;
import io.millrace.replication.metadata.Metadata;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Decides committed entries with [ModelState] instead of the real state machine: reads the bytes on its own and
/// keeps everything in lists and maps.
public final class EntryModel {
    /// @param values of all records ever, by offset
    /// @param earliest the decided floor
    public record Contents(List<String> values, long earliest, Map<String, Long> commits) {}

    private final ModelState model;
    // by name, and what each was asked for with
    private final Map<String, Topic> topics = new TreeMap<>();
    private final Map<String, TopicSettings> asked = new HashMap<>();
    private @Nullable Retention retentionOfNewTopics;

    public EntryModel(int keysMax, long windowMs) {
        model = new ModelState(keysMax, windowMs);
    }

    public List<Topic> topics() {
        return List.copyOf(topics.values());
    }

    public Map<String, Long> documents() {
        return model.documents;
    }

    /// Of a topic that exists.
    public Contents contents(String topic, int partition) {
        ModelState.Topic known = model.topics.get(topic);
        if (known == null) {
            throw new IllegalArgumentException("the model has no topic " + topic);
        }
        ModelState.Partition at = known.partitions().get(partition);
        return new Contents(at.values, at.earliest, at.commits);
    }

    /// What each command of the entry comes to.
    public List<CommandOutcome> decide(long index, byte[] entry) {
        ByteBuffer in = ByteBuffer.wrap(entry);
        model.advance(in.getLong(8));
        List<CommandOutcome> outcomes = new ArrayList<>();
        in.position(20);
        for (int left = in.getInt(16); left > 0; left--) {
            byte type = in.get();
            byte[] body = new byte[in.getInt()];
            in.get(body);
            try {
                outcomes.add(decide(index, type, body));
            } catch (IOException e) {
                throw new AssertionError("an entry that the model cannot read", e);
            }
        }
        return outcomes;
    }

    private CommandOutcome decide(long index, byte type, byte[] body) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(body));
        return switch (type) {
            case 1 -> append(body);
            case 2 -> create(Fields.readText(in), Metadata.readSettings(in));
            case 3 -> {
                String name = Fields.readText(in);
                Topic topic = topics.remove(name);
                model.topics.remove(name);
                yield decided(topic == null ? new TopicOutcome.Unknown() : new TopicOutcome.Done(topic, true));
            }
            case 4 -> retention(Fields.readText(in), new Retention(in.readLong(), in.readLong()));
            case 5 -> raise(in.readLong(), in.readInt(), in.readLong(), in.readBoolean());
            case 6 -> {
                long topicId = in.readLong();
                int partition = in.readInt();
                long offset = in.readLong();
                yield model.commit(topicId, partition, offset, Fields.readText(in), index);
            }
            case 7 -> {
                long expected = in.readLong();
                String key = Fields.readText(in);
                yield model.put(key, Fields.readBytes(in).length == 0, expected);
            }
            case 8 -> {
                long generation = in.readLong();
                yield model.fence(Fields.readText(in), generation);
            }
            default -> throw new AssertionError("a command of unknown type " + type);
        };
    }

    private static CommandOutcome decided(TopicOutcome outcome) {
        return new CommandOutcome.TopicDecided(outcome);
    }

    private CommandOutcome create(String name, TopicSettings wanted) {
        Topic existing = topics.get(name);
        if (existing != null) {
            boolean same = wanted.equals(asked.get(name)) || existing.settings().equals(wanted);
            return decided(same ? new TopicOutcome.Done(existing, false) : new TopicOutcome.AlreadyExists(existing));
        }
        model.create(name, wanted.partitions());
        ModelState.Topic made = model.topics.get(name);
        if (made == null) {
            throw new AssertionError("the model lost topic " + name);
        }
        Retention forAll = retentionOfNewTopics;
        TopicSettings settings =
                forAll != null && wanted.retention().equals(Retention.FOREVER) ? withRetention(wanted, forAll) : wanted;
        Topic topic = new Topic(name, made.id(), settings);
        topics.put(name, topic);
        asked.put(name, wanted);
        return decided(new TopicOutcome.Done(topic, true));
    }

    private static TopicSettings withRetention(TopicSettings settings, Retention retention) {
        return new TopicSettings(
                settings.partitions(), settings.replication(), retention, settings.cleanup(), settings.labels());
    }

    private CommandOutcome retention(String name, Retention retention) {
        if (name.equals("*")) {
            boolean changed = !retention.equals(retentionOfNewTopics);
            retentionOfNewTopics = retention;
            for (Topic topic : List.copyOf(topics.values())) {
                changed |= !topic.settings().retention().equals(retention);
                topics.put(
                        topic.name(), new Topic(topic.name(), topic.id(), withRetention(topic.settings(), retention)));
            }
            TopicSettings all = new TopicSettings(1, 0, retention, TopicSettings.Cleanup.DELETE, Map.of());
            return decided(new TopicOutcome.Done(new Topic("*", 0, all), changed));
        }
        Topic topic = topics.get(name);
        if (topic == null) {
            return decided(new TopicOutcome.Unknown());
        }
        Topic next = new Topic(name, topic.id(), withRetention(topic.settings(), retention));
        topics.put(name, next);
        return decided(new TopicOutcome.Done(next, !next.equals(topic)));
    }

    private CommandOutcome raise(long topicId, int partition, long offset, boolean tick) {
        Topic topic = topics.values().stream()
                .filter(each -> each.id() == topicId)
                .findAny()
                .orElse(null);
        if (topic == null || partition < 0 || partition >= topic.partitions()) {
            return decided(new TopicOutcome.Unknown());
        }
        Contents before = contents(topic.name(), partition);
        int next = before.values().size();
        if (offset < 0 || offset > next) {
            return decided(
                    tick ? new TopicOutcome.Done(topic, false) : new TopicOutcome.OutOfRange(before.earliest(), next));
        }
        model.raiseEarliest(topicId, partition, offset);
        return decided(new TopicOutcome.Done(topic, offset > before.earliest()));
    }

    private CommandOutcome append(byte[] bytes) throws IOException {
        ByteBuffer body = ByteBuffer.wrap(bytes);
        long topicId = body.getLong();
        int partition = body.getInt();
        int count = body.getInt();
        int flags = body.get();
        long key = (flags & 1) != 0 ? body.getLong() : 0;
        long bodyHash = 0;
        if ((flags & 1) != 0) {
            body.getLong(); // the other half of the key; one half is enough to tell keys apart here
            bodyHash = body.getLong();
        }
        long expected = (flags & 2) != 0 ? body.getLong() : -1;
        OutputStamp stamp = null;
        if ((flags & 4) != 0) {
            DataInputStream in =
                    new DataInputStream(new ByteArrayInputStream(bytes, body.position(), body.remaining()));
            stamp = Metadata.readStamp(in);
            body.position(bytes.length - in.available());
        }
        List<String> values = body.hasRemaining() ? values(body.slice()) : List.of();
        if (values.size() != count) {
            throw new AssertionError("an entry says %d records and holds %s".formatted(count, values));
        }
        return model.append(
                topicId,
                partition,
                values,
                key,
                bodyHash,
                expected,
                stamp == null ? "" : stamp.query(),
                new ModelState.Stamp(stamp == null ? 0 : stamp.generation(), stamp == null ? 0 : stamp.step()));
    }

    /// The values of an uncompressed record batch v2.
    public static List<String> values(ByteBuffer batch) {
        int count = batch.getInt(57);
        batch.position(61);
        List<String> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int end = (int) zigzag(batch);
            end += batch.position();
            batch.get(); // attributes
            zigzag(batch); // time
            zigzag(batch); // offset
            int keyLength = (int) zigzag(batch);
            batch.position(batch.position() + Math.max(0, keyLength));
            byte[] value = new byte[(int) zigzag(batch)];
            batch.get(value);
            values.add(new String(value, StandardCharsets.UTF_8));
            batch.position(end);
        }
        return values;
    }

    private static long zigzag(ByteBuffer in) {
        long raw = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = in.get();
            raw |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return raw >>> 1 ^ -(raw & 1);
            }
        }
    }
}
