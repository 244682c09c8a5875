package io.millrace.replication.partition;

import io.millrace.replication.AppendOutcome;
import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.NotLeaderException;
import io.millrace.replication.OutcomeUnknownException;
import io.millrace.replication.ReplicationException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// An entry on its way through consensus, and who waits for it. It ends once: applied, refused, or failed.
///
/// Threading: any; the first call that ends it wins.
public final class PendingEntry {
    /// What happens around the end of an entry.
    interface Owner {
        void ended(PendingEntry entry);

        /// See [Consensus#replicatedEverywhere]; null when there is nobody else.
        @Nullable
        CompletableFuture<Void> replicatedEverywhere(long index);
    }

    private final byte[] bytes;
    // one for each command; appends that share a batch hang on the first of them
    private final Waiting[] commands;
    private final Owner owner;
    final long requestBytes;
    final long submittedNanos = System.nanoTime();
    private final AtomicBoolean ended = new AtomicBoolean();
    // once it may be in somebody's log, nobody can say that it has not happened
    private volatile boolean mayBeInLog;

    PendingEntry(byte[] bytes, Waiting[] commands, long requestBytes, Owner owner) {
        this.bytes = bytes;
        this.commands = commands;
        this.requestBytes = requestBytes;
        this.owner = owner;
    }

    /// The entry, laid out by `EntryLayout`. Not to be changed.
    public byte[] bytes() {
        return bytes;
    }

    /// From now on it may be in a log, here or elsewhere.
    public void enteredLog() {
        mayBeInLog = true;
    }

    /// Committed and decided here.
    ///
    /// @param applyStartedNanos when applying it began
    public void applied(long index, List<CommandOutcome> outcomes, long applyStartedNanos) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        owner.ended(this);
        long nowNanos = System.nanoTime();
        CompletableFuture<Void> everywhere = null;
        for (int i = 0; i < commands.length; i++) {
            CommandOutcome outcome = outcomes.get(i);
            switch (commands[i]) {
                case Waiting.Command command -> {
                    command.index = index;
                    command.future.complete(outcome);
                }
                case Waiting.Append head -> {
                    long offset = outcome instanceof CommandOutcome.Appended(long first, int ignored) ? first : -1;
                    for (Waiting.Append append = head; append != null; append = append.nextInBatch) {
                        AppendOutcome answer = outcome instanceof CommandOutcome.AppendRejected(AppendOutcome rejected)
                                ? rejected
                                : new AppendOutcome.Appended(
                                        offset, append.count, index, timing(append, applyStartedNanos, nowNanos));
                        offset += append.count;
                        if (append.request.acknowledgement() == Acknowledgement.ALL
                                && answer instanceof AppendOutcome.Appended) {
                            everywhere = everywhere == null ? owner.replicatedEverywhere(index) : everywhere;
                            answerWhenEverywhere(append, answer, everywhere);
                        } else {
                            append.future.complete(answer);
                        }
                    }
                }
            }
        }
    }

    private static void answerWhenEverywhere(
            Waiting.Append append, AppendOutcome answer, @Nullable CompletableFuture<Void> everywhere) {
        if (everywhere == null) {
            append.future.complete(answer);
            return;
        }
        everywhere.whenComplete((done, failure) -> {
            if (failure == null) {
                append.future.complete(answer);
            } else {
                append.future.completeExceptionally(new OutcomeUnknownException(
                        "the records are on a majority at %s, but not known to be on every replica: %s"
                                .formatted(answer, failure.getMessage()),
                        failure));
            }
        });
    }

    private AppendOutcome.Timing timing(Waiting.Append append, long applyStartedNanos, long nowNanos) {
        return new AppendOutcome.Timing(
                TimeUnit.NANOSECONDS.toMicros(submittedNanos - append.arrivedNanos),
                TimeUnit.NANOSECONDS.toMicros(applyStartedNanos - submittedNanos),
                TimeUnit.NANOSECONDS.toMicros(nowNanos - applyStartedNanos));
    }

    /// Another node leads. Certain only while the entry has not entered the log.
    public void notLeader(@Nullable String leader) {
        if (mayBeInLog) {
            failed("this node lost the lead while the entry was on its way", null);
            return;
        }
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        owner.ended(this);
        refuse(commands, leader);
    }

    /// Answers that another node leads.
    static void refuse(Waiting[] requests, @Nullable String leader) {
        for (Waiting request : requests) {
            switch (request) {
                case Waiting.Command command -> command.fail(notLeading(leader));
                case Waiting.Append head -> {
                    for (Waiting.Append append = head; append != null; append = append.nextInBatch) {
                        append.future.complete(new AppendOutcome.NotLeader(leader));
                    }
                }
            }
        }
    }

    static NotLeaderException notLeading(@Nullable String leader) {
        return new NotLeaderException(
                leader == null
                        ? "no node leads at the moment; try again"
                        : "this node does not lead; node %s does".formatted(leader),
                leader);
    }

    /// It did not come through, or nobody knows.
    public void failed(String why, @Nullable Throwable cause) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        owner.ended(this);
        RuntimeException failure = mayBeInLog
                ? new OutcomeUnknownException("nobody knows whether the write happened: " + why, cause)
                : new ReplicationException("the write has not happened: " + why, cause);
        for (Waiting request : commands) {
            switch (request) {
                case Waiting.Command command -> command.fail(failure);
                case Waiting.Append head -> {
                    for (Waiting.Append append = head; append != null; append = append.nextInBatch) {
                        append.fail(failure);
                    }
                }
            }
        }
    }
}
