package io.millrace.faults.check;

import io.millrace.faults.check.Violation.Kind;
import io.millrace.faults.history.Event;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Judges a history.
///
/// The log at the end (`Kept`, the union over all nodes) is the reference; everything that was said before is
/// held against it. See [Violation.Kind] for what is checked. One pass over the events, memory for each record.
public final class Checker {
    private static final long NS_PER_MS = 1_000_000;

    /// What is promised: a node that is alone says so within two seconds. That counts for the writes of its
    /// first second alone, when it cannot know yet; later ones are refused at once and would hide them in a
    /// median.
    static final long ALONE_MEDIAN_MS_MAX = 2_000;

    static final long EARLY_NS = 1_000 * NS_PER_MS;

    /// For the worst of all, because nodes and clients share a machine with builds: a pause of a second or two
    /// of either is no broken promise.
    static final long ALONE_MS_MAX = 4_000;

    private final Verdict.Builder verdict = new Verdict.Builder();
    private final Map<String, Track> records = new HashMap<>();
    private final List<Acknowledgement> acknowledgements = new ArrayList<>();
    private final Map<Integer, TreeMap<Long, String>> reference = new TreeMap<>();
    private final Map<String, Map<Integer, TreeMap<Long, String>>> replicas = new TreeMap<>();
    private final Map<Integer, TreeMap<Long, StoredRecord>> files = new TreeMap<>();
    private final Map<String, Map<Integer, Long>> storedCounts = new TreeMap<>();
    private final List<Event.Seen> seen = new ArrayList<>();
    private final Map<Integer, Floor> latest = new HashMap<>();
    private final Map<Integer, Floor> commits = new HashMap<>();
    private final List<Event.Latest> latestReads = new ArrayList<>();
    private final List<Event.Committed> committedReads = new ArrayList<>();
    private final Map<String, Event.CutOff> cutOffSince = new HashMap<>();
    private final Map<Integer, List<String>> placed = new TreeMap<>();
    private final List<CutOff> cutOffs = new ArrayList<>();
    private final List<Event.Answered> answers = new ArrayList<>();
    private final List<Long> aloneMs = new ArrayList<>();
    private long retriedMsMax;

    /// What is known of one record. Counters, because most records have one of each.
    private static final class Track {
        int sent;
        boolean keyed;
        long firstSentNs;
        int refused;
        int acknowledged;
        int partition = -1; // acknowledged place
        long offset = Event.NO_OFFSET;
        int found;
        int foundPartition = -1; // first place in the reference
        long foundOffset = -1;

        boolean mayExist() {
            return sent > refused;
        }

        /// The outcome of an attempt is open, and no other attempt was acknowledged.
        boolean isUncertain() {
            return acknowledged == 0 && mayExist();
        }
    }

    private record Acknowledgement(Event.Acknowledged event) {
        String producerAndPartition() {
            return event.producer() + " in partition " + event.partition();
        }
    }

    private record StoredRecord(String node, long checksum) {}

    private record CutOff(Event.CutOff begin, long endNs) {
        String node() {
            return begin.node();
        }

        long beginNs() {
            return begin.atNs();
        }
    }

    private Checker() {}

    /// @param events in the order in which they happened; closed at the end
    public static Verdict check(Stream<Event> events) {
        Checker checker = new Checker();
        try (events) {
            Iterator<Event> iterator = events.iterator();
            while (iterator.hasNext()) {
                checker.take(iterator.next());
            }
        }
        return checker.judge();
    }

    private void take(Event event) {
        switch (event) {
            case Event.Sent sent -> {
                for (int i = 0; i < sent.count(); i++) {
                    Track track = track(Event.name(sent.producer(), sent.sequence() + i));
                    if (track.sent++ == 0) {
                        track.keyed = sent.keyed();
                        track.firstSentNs = sent.atNs();
                    }
                }
            }
            case Event.Acknowledged acknowledged -> takeAcknowledged(acknowledged);
            case Event.Refused refused -> {
                for (int i = 0; i < refused.count(); i++) {
                    track(Event.name(refused.producer(), refused.sequence() + i)).refused++;
                }
            }
            case Event.Unknown _, Event.Note _ -> {} // an attempt without an answer is open anyway
            case Event.Answered answer -> answers.add(answer);
            case Event.Seen one -> seen.add(one);
            case Event.Kept kept -> takeKept(kept);
            case Event.Stored stored -> takeStored(stored);
            case Event.Latest read -> latestReads.add(read);
            case Event.CommitAcknowledged commit ->
                floor(commits, commit.partition()).raise(commit.atNs(), commit.offset());
            case Event.Committed read -> committedReads.add(read);
            case Event.CutOff cut -> cutOffSince.putIfAbsent(cut.node(), cut);
            case Event.Placed where -> placed.put(where.partition(), where.nodes());
            case Event.Restored restored -> {
                Event.CutOff since = cutOffSince.remove(restored.node());
                if (since != null) {
                    cutOffs.add(new CutOff(since, restored.atNs()));
                }
            }
        }
    }

    private Track track(String name) {
        return records.computeIfAbsent(name, _ -> new Track());
    }

    private static Floor floor(Map<Integer, Floor> floors, int partition) {
        return floors.computeIfAbsent(partition, _ -> new Floor());
    }

    private void takeAcknowledged(Event.Acknowledged event) {
        acknowledgements.add(new Acknowledgement(event));
        for (int i = 0; i < event.count(); i++) {
            String name = Event.name(event.producer(), event.sequence() + i);
            Track track = track(name);
            if (track.acknowledged++ == 0 && track.keyed) {
                retriedMsMax = Math.max(retriedMsMax, (event.atNs() - track.firstSentNs) / NS_PER_MS);
            }
            if (event.offset() == Event.NO_OFFSET) {
                continue;
            }
            long offset = event.offset() + i;
            if (track.offset != Event.NO_OFFSET && (track.offset != offset || track.partition != event.partition())) {
                verdict.add(
                        Kind.DUPLICATED,
                        name,
                        "was acknowledged at " + place(track.partition, track.offset) + " and at "
                                + place(event.partition(), offset));
            }
            track.offset = offset;
            track.partition = event.partition();
        }
        if (event.offset() != Event.NO_OFFSET) {
            floor(latest, event.partition()).raise(event.atNs(), event.offset() + event.count());
        }
    }

    private void takeKept(Event.Kept kept) {
        String before = replicas.computeIfAbsent(kept.node(), _ -> new TreeMap<>())
                .computeIfAbsent(kept.partition(), _ -> new TreeMap<>())
                .put(kept.offset(), kept.name());
        if (before != null) {
            verdict.add(
                    Kind.DIVERGED,
                    place(kept.partition(), kept.offset()),
                    kept.node() + " has both " + before + " and " + kept.name() + " there");
        }
        String other = reference
                .computeIfAbsent(kept.partition(), _ -> new TreeMap<>())
                .putIfAbsent(kept.offset(), kept.name());
        if (other != null && !other.equals(kept.name())) {
            verdict.add(
                    Kind.DIVERGED,
                    place(kept.partition(), kept.offset()),
                    kept.node() + " has " + kept.name() + ", another node " + other);
        }
    }

    private void takeStored(Event.Stored stored) {
        storedCounts.computeIfAbsent(stored.node(), _ -> new TreeMap<>()).merge(stored.partition(), 1L, Long::sum);
        StoredRecord other = files.computeIfAbsent(stored.partition(), _ -> new TreeMap<>())
                .putIfAbsent(stored.offset(), new StoredRecord(stored.node(), stored.checksum()));
        if (other != null && other.checksum() != stored.checksum()) {
            verdict.add(
                    Kind.DIVERGED,
                    place(stored.partition(), stored.offset()),
                    "the segment files of " + stored.node() + " and " + other.node() + " differ");
        }
    }

    private Verdict judge() {
        cutOffSince.values().forEach(since -> cutOffs.add(new CutOff(since, Long.MAX_VALUE)));
        findRecords();
        judgeReplicas();
        judgeFiles();
        judgeRecords();
        judgeOrder();
        judgeSeen();
        judgeReads();
        judgeCutOff();
        judgeAlone();
        long acknowledged = records.values().stream()
                .filter(track -> track.acknowledged > 0)
                .count();
        long uncertain = records.values().stream().filter(Track::isUncertain).count();
        return verdict.build(
                acknowledged,
                uncertain,
                records.size() - acknowledged - uncertain,
                aloneMs.stream().sorted().toList(),
                retriedMsMax);
    }

    /// Where each record is, and whether somebody sent it.
    private void findRecords() {
        reference.forEach((partition, log) -> log.forEach((offset, name) -> {
            Track track = records.get(name);
            if (track == null || track.sent == 0) {
                verdict.add(Kind.PHANTOM, place(partition, offset), name + " was sent by nobody");
                return;
            }
            track.found++;
            if (track.found == 1) {
                track.foundPartition = partition;
                track.foundOffset = offset;
                if (track.acknowledged == 0 && !track.mayExist()) {
                    verdict.add(
                            Kind.PHANTOM, place(partition, offset), name + " is there, but every attempt was refused");
                }
            } else {
                verdict.add(
                        Kind.DUPLICATED,
                        name,
                        "is at " + place(track.foundPartition, track.foundOffset) + " and at "
                                + place(partition, offset));
            }
        }));
    }

    /// Every node must have every record; what two nodes say of one offset has been compared before.
    private void judgeReplicas() {
        replicas.forEach((node, partitions) -> reference.forEach((partition, log) -> {
            Map<Long, String> own = partitions.getOrDefault(partition, new TreeMap<>());
            if (own.size() == log.size()) {
                return;
            }
            for (Map.Entry<Long, String> entry : log.entrySet()) {
                if (!own.containsKey(entry.getKey())) {
                    verdict.add(
                            Kind.DIVERGED,
                            place(partition, entry.getKey()),
                            node + " has nothing there, another node " + entry.getValue());
                }
            }
        }));
    }

    /// The files must hold as many records as are served. A node that a partition is not placed on may still
    /// have some of it, because it deletes them later, but not others.
    private void judgeFiles() {
        placed.values().forEach(nodes -> nodes.forEach(node -> storedCounts.putIfAbsent(node, new TreeMap<>())));
        storedCounts.forEach((node, partitions) -> reference.forEach((partition, log) -> {
            long stored = partitions.getOrDefault(partition, 0L);
            List<String> holders = placed.get(partition);
            boolean complete = holders == null || holders.contains(node);
            if (complete ? stored != log.size() : stored > log.size()) {
                verdict.add(
                        Kind.DIVERGED,
                        "partition " + partition,
                        "the segment files of " + node + " hold " + stored + " records, but " + log.size()
                                + " are served");
            }
        }));
    }

    private void judgeRecords() {
        records.forEach((name, track) -> {
            if (track.acknowledged == 0) {
                return;
            }
            if (track.found == 0) {
                verdict.add(
                        Kind.LOST,
                        name,
                        "was acknowledged"
                                + (track.offset < 0 ? "" : " at " + place(track.partition, track.offset))
                                + " and is nowhere");
            } else if (track.offset >= 0 && !isAt(name, track.partition, track.offset)) {
                verdict.add(
                        Kind.REORDERED,
                        name,
                        "was acknowledged at " + place(track.partition, track.offset) + " but is at "
                                + place(track.foundPartition, track.foundOffset));
            }
        });
    }

    private boolean isAt(String name, int partition, long offset) {
        return name.equals(referenceAt(partition, offset));
    }

    private @Nullable String referenceAt(int partition, long offset) {
        TreeMap<Long, String> log = reference.get(partition);
        return log == null ? null : log.get(offset);
    }

    /// A producer sends one request after another, so its acknowledged offsets in a partition must rise with
    /// its sequence.
    private void judgeOrder() {
        Map<String, List<Event.Acknowledged>> streams = new TreeMap<>();
        for (Acknowledgement acknowledgement : acknowledgements) {
            if (acknowledgement.event().offset() != Event.NO_OFFSET) {
                streams.computeIfAbsent(acknowledgement.producerAndPartition(), _ -> new ArrayList<>())
                        .add(acknowledgement.event());
            }
        }
        streams.forEach((stream, events) -> {
            events.sort(java.util.Comparator.comparingLong(Event.Acknowledged::sequence));
            Event.Acknowledged before = null;
            for (Event.Acknowledged event : events) {
                if (before != null && before.sequence() < event.sequence() && before.offset() >= event.offset()) {
                    verdict.add(
                            Kind.REORDERED,
                            stream,
                            "record " + before.sequence() + " has offset " + before.offset() + ", record "
                                    + event.sequence() + " has " + event.offset());
                }
                before = event;
            }
        });
    }

    private void judgeSeen() {
        for (Event.Seen one : seen) {
            String now = referenceAt(one.partition(), one.offset());
            if (now == null) {
                verdict.add(
                        Kind.LOST,
                        place(one.partition(), one.offset()),
                        "a consumer of " + one.node() + " got " + one.name() + ", now nothing is there");
            } else if (!now.equals(one.name())) {
                verdict.add(
                        Kind.DIVERGED,
                        place(one.partition(), one.offset()),
                        "a consumer of " + one.node() + " got " + one.name() + ", now it is " + now);
            }
        }
    }

    private void judgeReads() {
        for (Event.Latest read : latestReads) {
            long atLeast = floor(latest, read.partition()).before(read.askedNs());
            if (read.next() < atLeast) {
                verdict.add(
                        Kind.STALE,
                        "partition " + read.partition(),
                        read.node() + " said that the next offset is " + read.next()
                                + ", but more had been acknowledged before: up to " + atLeast);
            }
        }
        for (Event.Committed read : committedReads) {
            long atLeast = floor(commits, read.partition()).before(read.askedNs());
            if (read.offset() < atLeast) {
                verdict.add(
                        Kind.STALE,
                        "partition " + read.partition(),
                        read.node() + " said that offset " + read.offset() + " is committed, but " + atLeast
                                + " had been acknowledged before");
            }
        }
    }

    private void judgeCutOff() {
        for (CutOff cutOff : cutOffs) {
            for (Acknowledgement acknowledgement : acknowledgements) {
                Event.Acknowledged event = acknowledgement.event();
                if (event.node().equals(cutOff.node())
                        && cutOff.begin().concerns(event.partition())
                        && event.sentNs() > cutOff.beginNs()
                        && event.atNs() < cutOff.endNs()) {
                    verdict.add(
                            Kind.UNSAFE,
                            Event.name(event.producer(), event.sequence()),
                            event.node() + " acknowledged it without a majority");
                }
            }
        }
    }

    /// A node that is alone finds out, and says so to those who wait.
    private void judgeAlone() {
        for (CutOff cutOff : cutOffs) {
            List<Long> early = new ArrayList<>();
            for (Event.Answered answer : answers) {
                if (!answer.node().equals(cutOff.node())
                        || answer.sentNs() < cutOff.beginNs()
                        || answer.sentNs() > cutOff.endNs()) {
                    continue;
                }
                boolean inTime = answer.atNs() < cutOff.endNs();
                long waitedMs = (Math.min(answer.atNs(), cutOff.endNs()) - answer.sentNs()) / NS_PER_MS;
                if (!inTime && waitedMs <= ALONE_MS_MAX) {
                    continue; // its time was not over when the node was no longer alone
                }
                aloneMs.add(waitedMs);
                if (answer.sentNs() - cutOff.beginNs() < EARLY_NS) {
                    early.add(waitedMs);
                }
                String place = "write to " + answer.node();
                if (waitedMs > ALONE_MS_MAX) {
                    verdict.add(Kind.LATE, place, "got " + answer.code() + " after " + waitedMs + " ms alone");
                } else if (!answer.code().startsWith("503") && !answer.code().startsWith("504")) {
                    verdict.add(Kind.LATE, place, "got " + answer.code() + " instead of 503 or 504");
                }
            }
            early.sort(null);
            if (!early.isEmpty() && early.get(early.size() / 2) > ALONE_MEDIAN_MS_MAX) {
                verdict.add(
                        Kind.LATE,
                        "writes to " + cutOff.node(),
                        "waited " + early.get(early.size() / 2)
                                + " ms (median) for an answer when they were sent in the first second alone");
            }
        }
    }

    private static String place(int partition, long offset) {
        return partition + ":" + offset;
    }
}
