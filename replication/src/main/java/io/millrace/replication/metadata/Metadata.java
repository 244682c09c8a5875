package io.millrace.replication.metadata;

import io.millrace.replication.Document;
import io.millrace.replication.OutputStamp;
import io.millrace.replication.Retention;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicPartition;
import io.millrace.replication.TopicSettings;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/// Topics, group commits, documents, fences and output stamps: the replicated state that is small.
///
/// Every method that changes something is a decision of the log: same calls in the same order give the same
/// state on every node.
///
/// Threading: changes by the thread that applies entries; reads by any thread. What a reader sees in one call
/// is consistent, two calls may see two states.
public final class Metadata {
    /// A topic and the settings it was asked for with, which tell a repeated creation from a different one.
    public record TopicFact(Topic topic, TopicSettings asked) {}

    private record CommitKey(String group, long topicId, int partition) {}

    private record StampKey(String query, long topicId, int partition) {}

    // replaced as a whole on every change: readers never see half of one
    private volatile SortedMap<String, TopicFact> topics = Collections.emptySortedMap();
    private volatile Map<Long, TopicFact> topicsById = Map.of();
    private final Map<CommitKey, Long> commits = new ConcurrentHashMap<>();
    private final ConcurrentSkipListMap<String, Document> documents = new ConcurrentSkipListMap<>();
    private final Map<String, Long> fences = new ConcurrentHashMap<>();
    private final Map<StampKey, OutputStamp> stamps = new ConcurrentHashMap<>();
    private volatile long nextTopicId = 1;
    private @Nullable Retention retentionOfNewTopics;

    // ---- topics ----

    public @Nullable TopicFact topic(String name) {
        return topics.get(name);
    }

    public @Nullable TopicFact topic(long id) {
        return topicsById.get(id);
    }

    /// By name.
    public List<Topic> topics() {
        return topics.values().stream().map(TopicFact::topic).toList();
    }

    /// A topic that could be added now; nothing changes.
    public TopicFact draft(String name, TopicSettings asked) {
        Retention retention = retentionOfNewTopics != null && asked.retention().equals(Retention.FOREVER)
                ? retentionOfNewTopics
                : asked.retention();
        return draft(nextTopicId, name, asked, retention);
    }

    /// The same, of a topic that another group has created.
    public static TopicFact draft(long id, String name, TopicSettings asked, Retention retention) {
        return new TopicFact(new Topic(name, id, withRetention(asked, retention)), asked);
    }

    /// From now on there is the topic: whoever sees it must find its partitions. Its name must be free and its id
    /// new.
    public Topic add(TopicFact fact) {
        put(fact);
        nextTopicId = Math.max(nextTopicId, fact.topic().id() + 1); // last: whoever sees it raised sees the topic
        return fact.topic();
    }

    /// Ids below it have been given, for ever.
    public long nextTopicId() {
        return nextTopicId;
    }

    /// The topic, its commits and its stamps.
    public void delete(TopicFact fact) {
        SortedMap<String, TopicFact> next = new TreeMap<>(topics);
        next.remove(fact.topic().name());
        publish(next);
        long id = fact.topic().id();
        commits.keySet().removeIf(key -> key.topicId() == id);
        stamps.keySet().removeIf(key -> key.topicId() == id);
    }

    /// @return the topic with its new retention
    public Topic setRetention(TopicFact fact, Retention retention) {
        Topic topic = withRetention(fact.topic(), retention);
        put(new TopicFact(topic, fact.asked()));
        return topic;
    }

    /// All topics there are and will be.
    ///
    /// @return whether anything changed
    public boolean setRetentionOfAll(Retention retention) {
        boolean changed = !retention.equals(retentionOfNewTopics);
        retentionOfNewTopics = retention;
        SortedMap<String, TopicFact> next = new TreeMap<>();
        for (TopicFact fact : topics.values()) {
            changed |= !fact.topic().settings().retention().equals(retention);
            next.put(fact.topic().name(), new TopicFact(withRetention(fact.topic(), retention), fact.asked()));
        }
        publish(next);
        return changed;
    }

    private static Topic withRetention(Topic topic, Retention retention) {
        return new Topic(topic.name(), topic.id(), withRetention(topic.settings(), retention));
    }

    private static TopicSettings withRetention(TopicSettings settings, Retention retention) {
        return new TopicSettings(
                settings.partitions(), settings.replication(), retention, settings.cleanup(), settings.labels());
    }

    private void put(TopicFact fact) {
        SortedMap<String, TopicFact> next = new TreeMap<>(topics);
        next.put(fact.topic().name(), fact);
        publish(next);
    }

    private void publish(SortedMap<String, TopicFact> next) {
        Map<Long, TopicFact> byId = HashMap.newHashMap(next.size());
        next.values().forEach(fact -> byId.put(fact.topic().id(), fact));
        topicsById = byId;
        topics = next;
    }

    // ---- group commits ----

    public @Nullable Long committed(String group, long topicId, int partition) {
        return commits.get(new CommitKey(group, topicId, partition));
    }

    /// Backwards is ignored.
    ///
    /// @return the offset that is committed now
    public long commit(String group, long topicId, int partition, long offset) {
        return commits.merge(new CommitKey(group, topicId, partition), offset, Math::max);
    }

    public Map<String, Map<TopicPartition, Long>> groups() {
        Map<String, Map<TopicPartition, Long>> groups = new TreeMap<>();
        commits.forEach((key, offset) -> {
            TopicFact fact = topicsById.get(key.topicId());
            if (fact != null) {
                groups.computeIfAbsent(key.group(), group -> new HashMap<>())
                        .put(new TopicPartition(fact.topic().name(), key.partition()), offset);
            }
        });
        return groups;
    }

    // ---- documents ----

    public @Nullable Document document(String key) {
        return documents.get(key);
    }

    public Map<String, Document> documents(String prefix) {
        SortedMap<String, Document> found = new TreeMap<>();
        for (Map.Entry<String, Document> entry : documents.tailMap(prefix).entrySet()) {
            if (!entry.getKey().startsWith(prefix)) {
                break;
            }
            found.put(entry.getKey(), entry.getValue());
        }
        return Collections.unmodifiableSortedMap(found);
    }

    /// An empty value deletes.
    ///
    /// @return its version from now on, 0 when it is gone
    public long put(String key, byte[] value) {
        if (value.length == 0) {
            documents.remove(key);
            return 0;
        }
        Document before = documents.get(key);
        long version = before == null ? 1 : before.version() + 1;
        documents.put(key, new Document(value, version));
        return version;
    }

    // ---- fences and stamps ----

    /// The generation that may write output of `query`; 0 when none was ever fenced.
    public long generation(String query) {
        return fences.getOrDefault(query, 0L);
    }

    public void fence(String query, long generation) {
        fences.put(query, generation);
    }

    public void stamp(long topicId, int partition, OutputStamp stamp) {
        stamps.put(new StampKey(stamp.query(), topicId, partition), stamp);
    }

    public Map<Integer, OutputStamp> stamps(String query, long topicId) {
        Map<Integer, OutputStamp> found = new TreeMap<>();
        stamps.forEach((key, stamp) -> {
            if (key.topicId() == topicId && key.query().equals(query)) {
                found.put(key.partition(), stamp);
            }
        });
        return found;
    }

    // ---- the manifest's part ----

    /// Sorted throughout: equal states are equal bytes.
    public void writeTo(DataOutput out) throws IOException {
        out.writeLong(nextTopicId);
        Retention retention = retentionOfNewTopics;
        out.writeBoolean(retention != null);
        writeRetention(out, retention == null ? Retention.FOREVER : retention);
        List<TopicFact> byId = new ArrayList<>(topicsById.values());
        byId.sort((a, b) -> Long.compare(a.topic().id(), b.topic().id()));
        out.writeInt(byId.size());
        for (TopicFact fact : byId) {
            Fields.writeText(out, fact.topic().name());
            out.writeLong(fact.topic().id());
            writeRetention(out, fact.topic().settings().retention());
            writeSettings(out, fact.asked());
        }
        List<Map.Entry<CommitKey, Long>> sortedCommits = new ArrayList<>(commits.entrySet());
        sortedCommits.sort((a, b) -> compare(
                a.getKey().group(),
                a.getKey().topicId(),
                a.getKey().partition(),
                b.getKey().group(),
                b.getKey().topicId(),
                b.getKey().partition()));
        out.writeInt(sortedCommits.size());
        for (Map.Entry<CommitKey, Long> commit : sortedCommits) {
            Fields.writeText(out, commit.getKey().group());
            out.writeLong(commit.getKey().topicId());
            out.writeInt(commit.getKey().partition());
            out.writeLong(commit.getValue());
        }
        List<Map.Entry<String, Document>> sortedDocuments = new ArrayList<>(documents.entrySet());
        out.writeInt(sortedDocuments.size());
        for (Map.Entry<String, Document> document : sortedDocuments) {
            Fields.writeText(out, document.getKey());
            out.writeLong(document.getValue().version());
            Fields.writeBytes(out, document.getValue().value());
        }
        Map<String, Long> sortedFences = new TreeMap<>(fences);
        out.writeInt(sortedFences.size());
        for (Map.Entry<String, Long> fence : sortedFences.entrySet()) {
            Fields.writeText(out, fence.getKey());
            out.writeLong(fence.getValue());
        }
        List<Map.Entry<StampKey, OutputStamp>> sortedStamps = new ArrayList<>(stamps.entrySet());
        sortedStamps.sort((a, b) -> compare(
                a.getKey().query(),
                a.getKey().topicId(),
                a.getKey().partition(),
                b.getKey().query(),
                b.getKey().topicId(),
                b.getKey().partition()));
        out.writeInt(sortedStamps.size());
        for (Map.Entry<StampKey, OutputStamp> stamp : sortedStamps) {
            out.writeLong(stamp.getKey().topicId());
            out.writeInt(stamp.getKey().partition());
            writeStamp(out, stamp.getValue());
        }
    }

    public static Metadata readFrom(DataInput in) throws IOException {
        Metadata metadata = new Metadata();
        metadata.nextTopicId = in.readLong();
        boolean hasRetention = in.readBoolean();
        Retention retention = readRetention(in);
        metadata.retentionOfNewTopics = hasRetention ? retention : null;
        SortedMap<String, TopicFact> topics = new TreeMap<>();
        for (int i = in.readInt(); i > 0; i--) {
            String name = Fields.readText(in);
            long id = in.readLong();
            Retention current = readRetention(in);
            TopicSettings asked = readSettings(in);
            topics.put(name, new TopicFact(new Topic(name, id, withRetention(asked, current)), asked));
        }
        metadata.publish(topics);
        for (int i = in.readInt(); i > 0; i--) {
            CommitKey key = new CommitKey(Fields.readText(in), in.readLong(), in.readInt());
            metadata.commits.put(key, in.readLong());
        }
        for (int i = in.readInt(); i > 0; i--) {
            String key = Fields.readText(in);
            long version = in.readLong();
            metadata.documents.put(key, new Document(Fields.readBytes(in), version));
        }
        for (int i = in.readInt(); i > 0; i--) {
            metadata.fences.put(Fields.readText(in), in.readLong());
        }
        for (int i = in.readInt(); i > 0; i--) {
            long topicId = in.readLong();
            int partition = in.readInt();
            metadata.stamp(topicId, partition, readStamp(in));
        }
        return metadata;
    }

    private static int compare(String a, long aTopic, int aPartition, String b, long bTopic, int bPartition) {
        int byText = a.compareTo(b);
        int byTopic = Long.compare(aTopic, bTopic);
        return byText != 0 ? byText : byTopic != 0 ? byTopic : Integer.compare(aPartition, bPartition);
    }

    public static void writeRetention(DataOutput out, Retention retention) throws IOException {
        out.writeLong(retention.ageMsMax());
        out.writeLong(retention.bytesMax());
    }

    public static Retention readRetention(DataInput in) throws IOException {
        return new Retention(in.readLong(), in.readLong());
    }

    public static void writeSettings(DataOutput out, TopicSettings settings) throws IOException {
        out.writeInt(settings.partitions());
        out.writeInt(settings.replication());
        writeRetention(out, settings.retention());
        out.writeByte(
                switch (settings.cleanup()) {
                    case DELETE -> 0;
                    case COMPACT -> 1;
                });
        Map<String, String> labels = new TreeMap<>(settings.labels());
        out.writeInt(labels.size());
        for (Map.Entry<String, String> label : labels.entrySet()) {
            Fields.writeText(out, label.getKey());
            Fields.writeText(out, label.getValue());
        }
    }

    public static TopicSettings readSettings(DataInput in) throws IOException {
        int partitions = in.readInt();
        int replication = in.readInt();
        Retention retention = readRetention(in);
        TopicSettings.Cleanup cleanup = switch (in.readByte()) {
            case 0 -> TopicSettings.Cleanup.DELETE;
            case 1 -> TopicSettings.Cleanup.COMPACT;
            default -> throw new IOException("unknown cleanup of a topic");
        };
        Map<String, String> labels = new HashMap<>();
        for (int i = in.readInt(); i > 0; i--) {
            labels.put(Fields.readText(in), Fields.readText(in));
        }
        return new TopicSettings(partitions, replication, retention, cleanup, labels);
    }

    public static void writeStamp(DataOutput out, OutputStamp stamp) throws IOException {
        Fields.writeText(out, stamp.query());
        out.writeLong(stamp.generation());
        out.writeLong(stamp.step());
        out.writeLong(stamp.watermarkMs());
        Fields.writeBytes(out, stamp.frontier());
    }

    public static OutputStamp readStamp(DataInput in) throws IOException {
        String query = Fields.readText(in);
        long generation = in.readLong();
        long step = in.readLong();
        long watermarkMs = in.readLong();
        return new OutputStamp(query, generation, step, Fields.readBytes(in), watermarkMs);
    }

    /// Bytes of [#writeTo]; for comparing states in tests and for diagnosis.
    @Override
    public String toString() {
        return "Metadata[topics=%s, commits=%s, fences=%s, documents=%s]"
                .formatted(
                        topics.keySet(),
                        commits.size(),
                        fences,
                        Arrays.toString(documents.keySet().toArray()));
    }
}
