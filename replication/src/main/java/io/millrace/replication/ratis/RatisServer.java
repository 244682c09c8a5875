package io.millrace.replication.ratis;

import io.millrace.replication.Member;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.partition.Consensus;
import io.millrace.replication.partition.ManyGroups;
import io.millrace.replication.partition.StateMachine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/// This node's Raft server: one port, and all groups behind it. It starts when the last of its groups is there,
/// and is closed with the last of them. What has stopped for good, a group or the server, is started again as a
/// whole.
///
/// Threading: any.
public final class RatisServer implements ManyGroups.GroupOpener {
    private final ReplicationSettings settings;
    private final CompletableFuture<Void> started = new CompletableFuture<>();

    // ---- guarded by this
    private final @Nullable StateMachine[] machines;
    private final boolean[] closed;
    private int missing;

    private volatile @Nullable RunningServer running;
    private volatile @Nullable String restartFailure;

    private RatisServer(ReplicationSettings settings, int groups) {
        this.settings = settings;
        this.machines = new @Nullable StateMachine[groups];
        this.closed = new boolean[groups];
        this.missing = groups;
    }

    /// A server for as many groups as the settings say; [#open] each of them.
    public static RatisServer of(ReplicationSettings settings) {
        return new RatisServer(settings, settings.groups());
    }

    /// Waits until all groups have been opened, each by a thread of its own, and the server runs.
    ///
    /// @throws IOException a log is damaged or in use, the port cannot be bound, or [#cancel]
    @Override
    public Consensus open(int group, StateMachine stateMachine) throws IOException {
        boolean last;
        synchronized (this) {
            machines[group] = stateMachine;
            last = --missing == 0;
        }
        if (last) {
            try {
                running = RunningServer.start(settings, settings.members(), machines(), false);
                started.complete(null);
            } catch (IOException | RuntimeException | Error e) {
                started.completeExceptionally(e);
            }
        }
        try {
            started.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException failure
                    ? failure
                    : new IOException("the raft server could not be started: " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the raft server was started", e);
        }
        return new RatisConsensus(settings, this, group);
    }

    /// Nobody needs to wait any longer: one of the groups will not come.
    @Override
    public void cancel(Throwable why) {
        started.completeExceptionally(new IOException("another group could not be opened: " + why.getMessage(), why));
    }

    private synchronized List<StateMachine> machines() {
        List<StateMachine> all = new ArrayList<>();
        for (StateMachine machine : machines) {
            all.add(Objects.requireNonNull(machine));
        }
        return all;
    }

    private RunningServer running() {
        return Objects.requireNonNull(running);
    }

    RunningPeer peer(int group) {
        return running().peers().get(group);
    }

    /// Why it could not be started again; null when it was.
    @Nullable
    String restartFailure() {
        return restartFailure;
    }

    /// Stops everything, unless this node leads a group: that one has to move away first.
    synchronized void halt() throws IOException {
        for (RunningPeer peer : running().peers()) {
            if (peer.stopped() == null && peer.division().getInfo().isLeader()) {
                return;
            }
        }
        running().close();
    }

    /// Does nothing when another group has done it meanwhile.
    synchronized void restart(int group, List<Member> members) throws IOException {
        if (peer(group).stopped() == null || isClosing()) {
            return;
        }
        for (int i = 0; i < machines.length; i++) {
            if (!machines().get(i).isSound()) {
                restartFailure = "group %d has failed; the node must be started again".formatted(i);
                throw new IOException(restartFailure); // a snapshot of it would make half an entry durable
            }
        }
        RunningServer old = running();
        Path folder = settings.dataFolder().resolve("raft");
        try {
            if (old.isRunning() && Departures.isGoing(folder, group)) {
                empty(folder, group);
                running = old.openGroup(group);
                restartFailure = null;
                return;
            }
            old.close();
            for (int i = 1; i < machines.length; i++) {
                if (Departures.isGoing(folder, i)) {
                    empty(folder, i);
                }
            }
            for (StateMachine machine : machines()) {
                // the new server applies what comes after the manifest: nothing twice
                machine.takeSnapshot();
            }
            RunningServer next = RunningServer.start(settings, members, machines(), true);
            for (int i = 0; i < next.peers().size(); i++) {
                next.peers()
                        .get(i)
                        .machine()
                        .onChange(old.peers().get(i).machine().changeListener());
            }
            running = next;
            restartFailure = null;
        } catch (IOException | RuntimeException e) {
            restartFailure = e.getMessage();
            throw e;
        }
    }

    /// Empties a group that this node is no member of any more. A group that is half gone stays closed until the
    /// rest is gone too: what it took meanwhile would be deleted by the next start.
    ///
    /// @param lastLook asked when the group does not run any more; false leaves everything as it is
    synchronized void reset(int group, Consensus.LastLook lastLook) throws IOException {
        if (isClosing()) {
            throw new IOException("the node is closing");
        }
        Path folder = settings.dataFolder().resolve("raft");
        RunningServer now = running();
        if (!Departures.isGoing(folder, group)) {
            now.closeGroup(group);
            boolean goes = false;
            try {
                goes = lastLook.mayGo();
            } finally {
                if (!goes) {
                    running = now.openGroup(group);
                }
            }
            if (!goes) {
                return;
            }
            try {
                Departures.going(folder, group);
            } catch (IOException e) {
                if (!Departures.isGoing(folder, group)) {
                    running = now.openGroup(group);
                }
                throw e;
            }
        }
        empty(folder, group);
        running = now.openGroup(group);
    }

    /// Of a group that goes. What was done already is done once more.
    private void empty(Path folder, int group) throws IOException {
        Departures.deleteLog(folder, group);
        machines().get(group).reset();
        Departures.gone(folder, group);
    }

    private boolean isClosing() {
        for (boolean one : closed) {
            if (one) {
                return true;
            }
        }
        return false;
    }

    /// The last group closes the server.
    synchronized void close(int group) throws IOException {
        closed[group] = true;
        for (boolean one : closed) {
            if (!one) {
                RunningPeer peer = peer(group);
                peer.division().close();
                peer.machine().failAll("the raft group was closed meanwhile");
                return;
            }
        }
        running().close();
    }
}
