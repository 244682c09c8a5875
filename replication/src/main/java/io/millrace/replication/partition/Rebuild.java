package io.millrace.replication.partition;

import io.millrace.log.CorruptLogException;
import io.millrace.log.LogEnd;
import io.millrace.log.disk.Disk;
import io.millrace.replication.ClusterView;
import io.millrace.replication.CopyRates;
import io.millrace.replication.Member;
import io.millrace.replication.ReplicaCopy;
import io.millrace.replication.ReplicaPeers;
import io.millrace.replication.partition.GroupState.CopiedState;
import io.millrace.replication.partition.StateMachine.LogPoint;
import io.millrace.replication.snapshot.CopyDownload;
import io.millrace.replication.snapshot.Manifest;
import io.millrace.replication.snapshot.StateFolders;
import io.millrace.replication.snapshot.Throttle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Rebuilds this replica from a copy of the leader's, when it is told that the leader's log begins too late.
///
/// | step     | until                                                    | then                      |
/// |----------|----------------------------------------------------------|---------------------------|
/// | IDLE     | `fetch`                                                  | FETCHING                  |
/// | FETCHING | the copy is durable; or it failed, and its files stay    | READY; IDLE               |
/// | READY    | `takeReady`; or the log was enough after all             | ADOPTING; IDLE            |
/// | ADOPTING | `adopted`                                                | TIDYING                   |
/// | TIDYING  | what was in force before is aside                        | IDLE                      |
///
/// The one who asks gets a future, and that fails as soon as another node leads, while the work goes on: Ratis
/// refuses to listen to a new leader as long as an answer is due to an old one whose log began later. The next
/// notice joins the work or finds it done.
///
/// Threading: `fetch`, `takeReady` and `adopted` by the consensus library, never waiting for files; the work by
/// a thread of its own.
final class Rebuild implements GroupState.CopyFetcher, AutoCloseable {
    private enum Step {
        IDLE,
        FETCHING,
        READY,
        ADOPTING,
        TIDYING
    }

    private static final Logger LOG = LoggerFactory.getLogger(Rebuild.class);
    /// After a failure; the leader asks again by itself, as fast as it is answered.
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long IDLE_CHECK_MS = 1_000;
    private static final long CLOSE_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);
    /// An attempt that nobody has come back to by then is not needed any more.
    private static final long UNFINISHED_NANOS_MAX = TimeUnit.MINUTES.toNanos(10);

    private final int group;
    private final GroupState state;
    private final Disk disk;
    private final StateFolders folders;
    private final ReplicaPeers peers;
    private final Function<GroupPeers.Peer, Member> memberOf;
    private final String nodeId;
    private final CopyRates rates;
    private final int idempotencyKeysMax;
    private final Runnable filesMove;
    private final Thread thread;

    // ---- guarded by this
    private Step step = Step.IDLE;
    private GroupPeers.@Nullable Peer leader;
    private long firstIndex;
    private @Nullable CompletableFuture<Optional<LogPoint>> asked;
    private @Nullable CopiedState ready;
    private long idleSinceNanos = System.nanoTime();
    private boolean unfinishedMayExist = true;
    private long notBeforeNanos = System.nanoTime();

    private volatile boolean closing;
    private volatile @Nullable String problem;
    private volatile String source = "";
    private volatile double secondsLast;
    private volatile long bytesDone;
    private volatile long bytesTotal = -1;
    private final LongAdder copies = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final LongAdder bytesFetched = new LongAdder();

    /// @param filesMove called before the files of the old state move
    Rebuild(
            int group,
            GroupState state,
            Disk disk,
            ReplicaPeers peers,
            Function<GroupPeers.Peer, Member> memberOf,
            String nodeId,
            CopyRates rates,
            int idempotencyKeysMax,
            Runnable filesMove) {
        this.group = group;
        this.filesMove = filesMove;
        this.state = state;
        this.disk = disk;
        this.folders = state.folders();
        this.peers = peers;
        this.memberOf = memberOf;
        this.nodeId = nodeId;
        this.rates = rates;
        this.idempotencyKeysMax = idempotencyKeysMax;
        this.thread = new Thread(this::work, "replication-rebuild-" + group);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    // ---- asked by the consensus library

    @Override
    public CompletableFuture<Optional<LogPoint>> fetch(GroupPeers.Peer from, long first) {
        CompletableFuture<Optional<LogPoint>> answer = new CompletableFuture<>();
        CompletableFuture<Optional<LogPoint>> before;
        synchronized (this) {
            CopiedState done = ready;
            if (closing) {
                answer.completeExceptionally(new IOException("the node is closing"));
                return answer;
            }
            if (step == Step.READY && done != null && done.manifest().index() + 1 >= first) {
                answer.complete(Optional.of(point(done.manifest())));
                return answer;
            }
            before = asked;
            asked = answer;
            leader = from;
            firstIndex = first;
            notifyAll();
        }
        if (before != null) {
            before.completeExceptionally(new IOException("asked again"));
        }
        return answer;
    }

    private static LogPoint point(Manifest manifest) {
        return new LogPoint(manifest.term(), manifest.index());
    }

    @Override
    public void leaderChanged() {
        CompletableFuture<Optional<LogPoint>> due = takeAsked();
        if (due != null) {
            due.completeExceptionally(new IOException("another node leads; it will say what is missing"));
        }
    }

    private synchronized @Nullable CompletableFuture<Optional<LogPoint>> takeAsked() {
        CompletableFuture<Optional<LogPoint>> due = asked;
        asked = null;
        return due;
    }

    @Override
    public synchronized @Nullable CopiedState takeReady() {
        CopiedState copy = ready;
        ready = null;
        if (copy != null) {
            step = Step.ADOPTING;
        }
        return copy;
    }

    @Override
    public synchronized void adopted(boolean inForce) {
        if (step == Step.ADOPTING) {
            step = Step.TIDYING;
            copies.add(inForce ? 1 : 0);
            notifyAll();
        }
    }

    /// Whether files of a copy are being written or moved.
    synchronized boolean isBusy() {
        return step != Step.IDLE && step != Step.READY;
    }

    /// Nobody needs a copy any more that is ready.
    @Override
    public synchronized void forget() throws IOException {
        if (isBusy()) {
            throw new IOException("a copy of the group is being fetched");
        }
        CopiedState copy = ready;
        ready = null;
        step = Step.IDLE;
        if (copy != null) {
            copy.close();
        }
    }

    // ---- the work

    private void work() {
        while (true) {
            synchronized (this) {
                long pauseMs = TimeUnit.NANOSECONDS.toMillis(notBeforeNanos - System.nanoTime());
                if (!closing && (pauseMs > 0 || !hasWork())) {
                    awaitChange(pauseMs > 0 ? pauseMs : IDLE_CHECK_MS);
                }
                if (closing) {
                    return;
                }
                if (notBeforeNanos - System.nanoTime() > 0) {
                    continue;
                }
            }
            step();
        }
    }

    /// Does what is to be done now, if anything. For the thread of this object, or for a caller who has not
    /// started it.
    void step() {
        Step now;
        boolean wanted;
        synchronized (this) {
            now = step;
            wanted = asked != null && (step == Step.IDLE || step == Step.READY);
        }
        try {
            if (now == Step.TIDYING) {
                tidy();
            } else if (wanted) {
                rebuild();
            } else if (now == Step.READY || now == Step.IDLE) {
                dropWhatIsNotNeeded();
            }
        } catch (IOException | RuntimeException e) {
            LOG.atWarn().setCause(e).log("files of a copy could not be tidied up; it is tried again");
            pause();
        }
    }

    private synchronized void pause() {
        notBeforeNanos = System.nanoTime() + RETRY_NANOS;
    }

    /// Under the lock.
    private boolean hasWork() {
        return step == Step.TIDYING || (asked != null && (step == Step.IDLE || step == Step.READY));
    }

    /// Under the lock.
    private void awaitChange(long timeoutMs) {
        try {
            wait(timeoutMs);
        } catch (InterruptedException e) {
            // close() says so too
        }
    }

    private void rebuild() {
        GroupPeers.Peer from;
        long first;
        CopiedState tooOld;
        synchronized (this) {
            from = Objects.requireNonNull(leader);
            first = firstIndex;
            tooOld = ready;
            ready = null;
            step = Step.FETCHING;
            unfinishedMayExist = true;
            bytesDone = 0;
            bytesTotal = -1;
            source = Member.nodeIdOf(from.peerId());
        }
        try {
            if (tooOld != null) {
                tooOld.close();
            }
            LogPoint applied = state.applied();
            if (first <= applied.index() + 1) {
                answer(Step.IDLE, null, Optional.of(applied)); // it has caught up by itself meanwhile
                return;
            }
            CopiedState copied = fetchFrom(memberOf.apply(from), first);
            problem = null;
            answer(Step.READY, copied, Optional.of(point(copied.manifest())));
        } catch (IOException | RuntimeException e) {
            failed(e);
        }
    }

    private void answer(Step next, @Nullable CopiedState copied, Optional<LogPoint> value) {
        CompletableFuture<Optional<LogPoint>> due;
        synchronized (this) {
            ready = copied;
            step = next;
            idleSinceNanos = System.nanoTime();
            due = takeAsked();
        }
        if (due != null) {
            due.complete(value);
        }
    }

    private void failed(Exception e) {
        failures.increment();
        problem = "this replica is behind and could not be rebuilt from %s; it is tried again: %s"
                .formatted(source, e.getMessage() == null ? e : e.getMessage());
        if (!closing) {
            LOG.atWarn()
                    .addKeyValue("node", nodeId)
                    .addKeyValue("source", source)
                    .addKeyValue("cause", String.valueOf(e))
                    .log("rebuild failed; it is tried again");
            LOG.debug("rebuild failed", e);
        }
        CompletableFuture<Optional<LogPoint>> due;
        pause();
        synchronized (this) {
            step = Step.IDLE;
            idleSinceNanos = System.nanoTime();
            due = takeAsked();
        }
        if (due != null) {
            due.completeExceptionally(e);
        }
    }

    private CopiedState fetchFrom(Member member, long first) throws IOException {
        long began = System.nanoTime();
        String folder = StateFolders.next(state.folder());
        try (ReplicaCopy copy = peers.open(member, group)) {
            Manifest manifest = Manifest.of(Path.of("copy-of-" + member.nodeId()), copy.manifest(), idempotencyKeysMax)
                    .in(folder);
            if (manifest.index() != copy.index() || manifest.index() + 1 < first) {
                throw new IOException(
                        "the copy of %s goes to entry %d and says %d, but the leader's log begins at entry %d"
                                .formatted(member.nodeId(), manifest.index(), copy.index(), first));
            }
            folders.discardReadyCopy();
            CopyDownload download = new CopyDownload(
                    disk,
                    folders.dataFolder().resolve(folder),
                    copy,
                    new Linkable(manifest),
                    new Throttle(rates.copyBytesPerSecond(), () -> closing),
                    (done, total) -> {
                        bytesDone = done;
                        bytesTotal = total;
                    });
            try {
                download.run();
            } finally {
                bytesFetched.add(download.bytesFetched());
            }
            CopiedState opened = open(manifest);
            try {
                folders.ready(manifest);
            } catch (IOException e) {
                opened.close();
                throw e;
            }
            double seconds = (System.nanoTime() - began) / 1e9;
            secondsLast = seconds;
            LOG.atInfo()
                    .addKeyValue("node", nodeId)
                    .addKeyValue("source", member.nodeId())
                    .addKeyValue("index", manifest.index())
                    .addKeyValue("bytes", bytesTotal)
                    .addKeyValue("bytesFetched", download.bytesFetched())
                    .addKeyValue("seconds", seconds)
                    .log("copy of a peer is complete");
            return opened;
        }
    }

    /// Files that fit their checksums and are no log nevertheless are not worth keeping.
    private CopiedState open(Manifest manifest) throws IOException {
        try {
            return state.openCopy(manifest);
        } catch (CorruptLogException e) {
            disk.deleteTree(folders.dataFolder().resolve(manifest.folder()));
            throw new IOException("the copy of %s cannot be opened: %s".formatted(source, e.getMessage()), e);
        }
    }

    private void tidy() throws IOException {
        filesMove.run();
        folders.setAsideBefore(state.folder(), System.currentTimeMillis());
        synchronized (this) {
            step = Step.IDLE;
            idleSinceNanos = System.nanoTime();
        }
    }

    private void dropWhatIsNotNeeded() throws IOException {
        CopiedState passed = null;
        boolean delete;
        synchronized (this) {
            if (asked != null) {
                return;
            }
            CopiedState copy = ready;
            if (step == Step.READY && copy != null && copy.manifest().index() <= state.index()) {
                passed = copy; // the log was enough after all
                ready = null;
                step = Step.IDLE;
            }
            delete = step == Step.IDLE
                    && unfinishedMayExist
                    && System.nanoTime() - idleSinceNanos > UNFINISHED_NANOS_MAX;
            if (delete) {
                unfinishedMayExist = false;
            }
        }
        if (passed != null) {
            passed.close();
            folders.discardReadyCopy();
        }
        if (delete && folders.deleteUnfinished(state.folder())) {
            LOG.atInfo().log("an unfinished copy of a peer was deleted: this replica caught up by itself");
        }
    }

    /// Sealed segments of the state in force may have a second name in the copy, but not the one that the
    /// copy's log goes on in.
    private final class Linkable implements CopyDownload.Owned {
        private final Map<String, Long> ends = new HashMap<>();

        Linkable(Manifest manifest) {
            for (Manifest.PartitionFact fact : manifest.partitions()) {
                LogEnd end = fact.end();
                if (end != null) {
                    ends.put(fact.topicId() + "/" + fact.partition(), end.segmentFirstOffset());
                }
            }
        }

        @Override
        public @Nullable Path sealedFile(ReplicaCopy.FileFact fact) throws IOException {
            String[] parts = fact.name().split("/", -1); // logs, topic-id, partition, segment
            String topicFolder = parts[1];
            long firstOffset = Long.parseLong(parts[3].substring(0, parts[3].length() - ".log".length()));
            Long end = ends.get(topicFolder.substring(topicFolder.lastIndexOf('-') + 1) + "/" + parts[2]);
            if (end == null || firstOffset >= end) {
                return null;
            }
            return state.sealedSegment(
                    topicFolder, Integer.parseInt(parts[2]), firstOffset, fact.sizeBytes(), fact.crc32c());
        }
    }

    // ---- seen from outside

    /// How far it is; empty while nothing is being rebuilt.
    Optional<ClusterView.Transfer> transfer() {
        Step now;
        synchronized (this) {
            now = step;
        }
        String text = switch (now) {
            case IDLE -> null;
            case FETCHING -> bytesTotal < 0 ? "waiting for " + source : "copying from " + source;
            case READY, ADOPTING -> "copied, coming into force";
            case TIDYING -> "in force, tidying up";
        };
        return text == null
                ? Optional.empty()
                : Optional.of(new ClusterView.Transfer(nodeId, "rebuild", text, bytesDone, bytesTotal));
    }

    /// What is wrong, or null.
    @Nullable
    String problem() {
        Optional<ClusterView.Transfer> transfer = transfer();
        if (transfer.isPresent() && problem == null) {
            return "this replica is behind the leader's log and is being rebuilt: %s, %d of %d bytes"
                    .formatted(transfer.get().state(), bytesDone, bytesTotal);
        }
        return problem;
    }

    /// Copies that came into force.
    long copies() {
        return copies.sum();
    }

    /// That the last whole copy took.
    double secondsLast() {
        return secondsLast;
    }

    long failures() {
        return failures.sum();
    }

    long bytesFetched() {
        return bytesFetched.sum();
    }

    /// Stops the work; what was fetched stays for the next start.
    @Override
    public void close() {
        CopiedState left;
        CompletableFuture<Optional<LogPoint>> due;
        synchronized (this) {
            closing = true;
            notifyAll();
            due = takeAsked();
        }
        if (due != null) {
            due.completeExceptionally(new IOException("the node is closing"));
        }
        thread.interrupt();
        boolean interrupted = false;
        long deadline = System.nanoTime() + CLOSE_NANOS_MAX;
        while (thread.isAlive() && System.nanoTime() < deadline) {
            try {
                thread.join(100);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        synchronized (this) {
            left = ready;
            ready = null;
        }
        if (left != null) {
            try {
                left.close();
            } catch (IOException e) {
                LOG.atWarn().setCause(e).log("logs of a copy could not be closed");
            }
        }
    }
}
