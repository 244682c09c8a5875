package io.millrace.replication.partition;

import io.millrace.log.BatchWriter;
import io.millrace.log.Compression;
import io.millrace.replication.AppendOutcome;
import io.millrace.replication.AppendRequest;
import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.Member;
import io.millrace.replication.NotLeaderException;
import io.millrace.replication.OutcomeUnknownException;
import io.millrace.replication.ReplicaPeers;
import io.millrace.replication.ReplicationException;
import io.millrace.replication.metadata.Fields;
import io.millrace.replication.metadata.Metadata;
import io.millrace.replication.partition.GroupLog.Decided;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/// Commands for a group that another node leads: handed to that node, once, and its answer back.
///
/// | bytes | field | meaning                                                                        |
/// |-------|-------|--------------------------------------------------------------------------------|
/// | 0     | flags | 1: answer when all replicas have it; 2: frees space, so a full disk takes it   |
/// | 1–    | entry | one command, laid out and checksummed by [EntryLayout]                         |
///
/// The answer begins with 0 and then has the entry's index (8) and the outcome ([OutcomeLayout]); or with 1 and
/// the leader's node id, empty when nobody leads; or with 2 (has not happened) or 3 (nobody knows) and why.
///
/// Bound: as many bytes are on their way as may wait in a batcher; more is refused as overloaded.
///
/// Threading: any.
final class CommandRelay {
    private static final int EVERYWHERE = 1;
    private static final int FREES_SPACE = 2;
    private static final byte DECIDED = 0;
    private static final byte NOT_LEADER = 1;
    private static final byte REFUSED = 2;
    private static final byte UNKNOWN = 3;

    private final ReplicaPeers peers;
    private final Function<String, Optional<Member>> memberOf;
    private final LongAdder sent = new LongAdder();
    private final AtomicLong inFlightBytes = new AtomicLong();

    /// @param memberOf by node id
    CommandRelay(ReplicaPeers peers, Function<String, Optional<Member>> memberOf) {
        this.peers = peers;
        this.memberOf = memberOf;
    }

    /// Commands that were handed to other nodes.
    long sent() {
        return sent.sum();
    }

    // ---- the side that asks

    CompletableFuture<AppendOutcome> append(GroupLog log, AppendRequest request) {
        Metadata.TopicFact fact = log.known(request.topic());
        if (fact == null) {
            return CompletableFuture.completedFuture(new AppendOutcome.UnknownTopic());
        }
        long bytesMax = log.bytesMax(request);
        int limit = log.settings.entryBytesMax();
        if (bytesMax > limit - EntryLayout.HEADER_BYTES) {
            return CompletableFuture.completedFuture(new AppendOutcome.TooLarge(limit));
        }
        long began = System.nanoTime();
        Acknowledgement wanted = request.acknowledgement();
        ByteBuffer entry = ByteBuffer.allocate(1 + EntryLayout.HEADER_BYTES + (int) bytesMax);
        entry.put((byte) (wanted == Acknowledgement.ALL ? EVERYWHERE : 0));
        ByteBuffer command = entry.slice();
        EntryLayout.begin(command);
        int at = EntryLayout.beginCommand(command);
        String key = request.idempotencyKey();
        ByteBuffer hash = key == null ? ByteBuffer.allocate(16) : ByteBuffer.wrap(GroupLog.sha256(key));
        int count = request.records().count();
        Batcher.encodeHead(command, request, fact.topic().id(), count, hash.getLong(0), hash.getLong(8));
        if (count > 0) {
            new BatchWriter(Compression.NONE).write(request.records(), command);
        }
        EntryLayout.finishCommand(command, at, EntryLayout.APPEND);
        EntryLayout.finish(command, 0, 1);
        byte[] bytes = java.util.Arrays.copyOf(entry.array(), 1 + command.position());
        if (!reserve(bytes.length, log.settings.pendingBytesMax())) {
            return CompletableFuture.completedFuture(new AppendOutcome.Overloaded());
        }
        CompletableFuture<AppendOutcome> answer = ask(log, bytes)
                .thenApply(decided -> appended(decided, began))
                .exceptionallyCompose(failure -> switch (cause(failure)) {
                    case NotLeaderException elsewhere ->
                        CompletableFuture.completedFuture(new AppendOutcome.NotLeader(elsewhere.leader()));
                    case Throwable other -> CompletableFuture.failedFuture(other);
                });
        if (wanted != Acknowledgement.NONE) {
            return answer;
        }
        return answer.isDone() // what was refused at once has not been accepted
                ? answer.thenApply(
                        outcome -> outcome instanceof AppendOutcome.Appended ? new AppendOutcome.Accepted() : outcome)
                : CompletableFuture.completedFuture(new AppendOutcome.Accepted());
    }

    private static AppendOutcome appended(Decided decided, long beganNanos) {
        return switch (decided.outcome()) {
            case CommandOutcome.Appended(long first, int count) -> {
                long us = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - beganNanos);
                yield new AppendOutcome.Appended(first, count, decided.index(), new AppendOutcome.Timing(0, us, 0));
            }
            case CommandOutcome.AppendRejected(AppendOutcome rejected) -> rejected;
            case CommandOutcome other ->
                throw new OutcomeUnknownException("an append was answered with " + other, null);
        };
    }

    CompletableFuture<Decided> send(GroupLog log, byte type, boolean freesSpace, byte[] body) {
        if (!mayTravel(type)) {
            return CompletableFuture.failedFuture(
                    PendingEntry.notLeading(log.leaderNow().orElse(null)));
        }
        int size = EntryLayout.HEADER_BYTES + EntryLayout.COMMAND_HEADER_BYTES + body.length;
        if (size > log.settings.entryBytesMax()) {
            return CompletableFuture.failedFuture(new ReplicationException(
                    "the request needs %d bytes, an entry may have %d".formatted(size, log.settings.entryBytesMax()),
                    null));
        }
        ByteBuffer entry = ByteBuffer.allocate(1 + size);
        entry.put((byte) (freesSpace ? FREES_SPACE : 0));
        ByteBuffer command = entry.slice();
        EntryLayout.begin(command);
        EntryLayout.putCommand(command, type, body);
        EntryLayout.finish(command, 0, 1);
        if (!reserve(entry.capacity(), log.settings.pendingBytesMax())) {
            return CompletableFuture.failedFuture(new ReplicationException(
                    "too much is on its way to leaders already (%d bytes); try again".formatted(inFlightBytes.get()),
                    null));
        }
        return ask(log, entry.array());
    }

    /// What only the leader of a group proposes does not travel.
    private static boolean mayTravel(byte type) {
        return type >= EntryLayout.APPEND && type <= EntryLayout.FENCE;
    }

    /// @param command whose bytes are reserved; given back when it ends
    private CompletableFuture<Decided> ask(GroupLog log, byte[] command) {
        String leader = log.leaderNow().orElse(null);
        Optional<Member> member = leader == null ? Optional.empty() : memberOf.apply(leader);
        if (member.isEmpty() || log.settings.nodeId().equals(leader)) {
            // this node has been elected and is not ready yet, or nobody leads
            inFlightBytes.addAndGet(-command.length);
            return CompletableFuture.failedFuture(PendingEntry.notLeading(null));
        }
        sent.increment();
        return peers.ask(member.get(), log.number, command)
                .whenComplete((answer, failure) -> inFlightBytes.addAndGet(-command.length))
                .thenApply(CommandRelay::decode);
    }

    /// @return false when too much would be on its way; nothing is reserved then
    boolean reserve(long bytes, long bytesMax) {
        if (inFlightBytes.addAndGet(bytes) <= bytesMax) {
            return true;
        }
        inFlightBytes.addAndGet(-bytes);
        return false;
    }

    private static Decided decode(byte[] answer) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(answer))) {
            byte kind = in.readByte();
            return switch (kind) {
                case DECIDED -> {
                    long index = in.readLong();
                    yield new Decided(OutcomeLayout.read(in), index);
                }
                case NOT_LEADER -> {
                    String leader = Fields.readText(in);
                    throw PendingEntry.notLeading(leader.isEmpty() ? null : leader);
                }
                case REFUSED -> throw new ReplicationException(Fields.readText(in), null);
                case UNKNOWN -> throw new OutcomeUnknownException(Fields.readText(in), null);
                default -> throw new IOException("an answer of kind " + kind);
            };
        } catch (IOException e) {
            throw new OutcomeUnknownException("the leader's answer could not be read", e);
        }
    }

    // ---- the side that is asked

    /// Decides a command that came from another node, as the leader of the group.
    static CompletableFuture<byte[]> answer(GroupLog log, byte[] request) {
        Asked asked;
        try {
            asked = read(request);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(new ReplicationException("this is no command: " + e, e));
        }
        return decide(log, request[0], asked.type(), asked.body())
                .handle((decided, failure) -> encode(decided, failure));
    }

    record Asked(byte type, byte[] body) {}

    /// @throws RuntimeException these bytes are no command, or one that does not travel
    static Asked read(byte[] request) {
        ByteBuffer entry = ByteBuffer.wrap(request, 1, request.length - 1).slice();
        EntryLayout.verify(entry);
        entry.position(EntryLayout.HEADER_BYTES);
        byte type = entry.get();
        int length = entry.getInt();
        if (!mayTravel(type) || length != entry.remaining()) {
            throw new InvalidEntryException("a command of type %d with %d bytes of %d does not travel"
                    .formatted(type, entry.remaining(), length));
        }
        byte[] body = new byte[length];
        entry.get(body);
        CommandCheck.require(type, body);
        return new Asked(type, body);
    }

    private static CompletableFuture<Decided> decide(GroupLog log, byte flags, byte type, byte[] body) {
        boolean append = type == EntryLayout.APPEND;
        if (append && log.consensus.leads()) {
            if (log.isDiskFull()) {
                return rejected(new AppendOutcome.DiskFull());
            }
            if (log.batcher.pendingBytes() + body.length > log.settings.pendingBytesMax()) {
                return rejected(new AppendOutcome.Overloaded());
            }
        }
        CompletableFuture<Decided> decided = log.decide(type, (flags & FREES_SPACE) != 0, body);
        return (flags & EVERYWHERE) == 0 ? decided : decided.thenCompose(done -> everywhere(log, done));
    }

    private static CompletableFuture<Decided> rejected(AppendOutcome outcome) {
        return CompletableFuture.completedFuture(new Decided(new CommandOutcome.AppendRejected(outcome), -1));
    }

    private static CompletableFuture<Decided> everywhere(GroupLog log, Decided done) {
        if (!(done.outcome() instanceof CommandOutcome.Appended) || log.consensus.peers() == 1) {
            return CompletableFuture.completedFuture(done);
        }
        return log.consensus
                .replicatedEverywhere(done.index())
                .thenApply(all -> done)
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(new OutcomeUnknownException(
                        "the records are on a majority at %s, but not known to be on every replica: %s"
                                .formatted(done.outcome(), cause(failure).getMessage()),
                        failure)));
    }

    private static byte[] encode(Decided decided, Throwable failure) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        try {
            if (failure == null) {
                out.writeByte(DECIDED);
                out.writeLong(decided.index());
                OutcomeLayout.write(out, decided.outcome());
            } else {
                switch (cause(failure)) {
                    case NotLeaderException elsewhere -> {
                        out.writeByte(NOT_LEADER);
                        Fields.writeText(out, Objects.requireNonNullElse(elsewhere.leader(), ""));
                    }
                    case ReplicationException refused -> {
                        out.writeByte(REFUSED);
                        Fields.writeText(out, String.valueOf(refused.getMessage()));
                    }
                    case Throwable other -> {
                        out.writeByte(UNKNOWN);
                        Fields.writeText(out, String.valueOf(other.getMessage()));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        return bytes.toByteArray();
    }

    private static Throwable cause(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
