package io.millrace.faults.stage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the nodes of a run are on, and how it breaks: networks, disks and clocks of their own.
///
/// Threading: the thread that breaks things.
public final class Hardware {
    private final Stage stage;
    private final Path folder;
    private final @Nullable Network network;
    private final Map<Integer, LoopDisk> disks = new HashMap<>();
    private final Map<Integer, WallClock> clocks = new HashMap<>();
    private final List<Tracer> tracers = new ArrayList<>();
    private long clockMax;

    Hardware(Stage stage, Path folder, @Nullable Network network) {
        this.stage = stage;
        this.folder = folder;
        this.network = network;
    }

    /// Makes a node's disk.
    ///
    /// @return where it is mounted
    Path makeDisk(int index, String name) throws IOException, InterruptedException {
        LoopDisk disk = LoopDisk.make(folder, name);
        disks.put(index, disk);
        return disk.folder();
    }

    /// Makes a node's wall clock.
    ///
    /// @return what the node must have in its environment
    Map<String, String> makeClock(int index, String name) throws IOException, InterruptedException {
        WallClock clock = WallClock.make(folder, name);
        clocks.put(index, clock);
        return clock.environment();
    }

    /// Nothing that one sends arrives at the other.
    public void cut(int from, int to) throws IOException, InterruptedException {
        network().cut(from + 1, to + 1);
        stage.note("cut " + stage.name(from) + " -> " + stage.name(to));
    }

    public void healNetwork() throws IOException, InterruptedException {
        stage.note("heal the network");
        network().heal();
    }

    private Network network() {
        if (network == null) {
            throw new IllegalStateException("there is no network of our own outside a sandbox");
        }
        return network;
    }

    /// All these nodes lose power at the same time: what was not fsynced is gone. Their disks are back when
    /// this ends.
    public void cutPower(int... indexes) throws IOException, InterruptedException {
        stage.note("cut the power of "
                + Arrays.stream(indexes).mapToObj(stage::name).toList());
        for (int index : indexes) {
            disk(index).cutPower();
        }
        for (int index : indexes) {
            stage.node(index).kill();
        }
        for (int index : indexes) {
            disk(index).powerOn();
        }
    }

    public void fillDisk(int index) throws IOException {
        stage.note("fill the disk of " + stage.name(index));
        disk(index).fill();
    }

    public void freeDisk(int index) throws IOException {
        stage.note("free the disk of " + stage.name(index));
        disk(index).free();
    }

    private LoopDisk disk(int index) {
        LoopDisk disk = disks.get(index);
        if (disk == null) {
            throw new IllegalStateException(stage.name(index) + " has no disk of its own");
        }
        return disk;
    }

    /// Changes what fsync does in a node, until the tracer is closed or the node ends.
    public Tracer traceFsync(int index, String injection) throws IOException, InterruptedException {
        Tracer tracer = Tracer.attach(stage.node(index).pid(), injection, folder.resolve("strace.log"));
        tracers.add(tracer);
        stage.note("fsync of " + stage.name(index) + ": " + injection);
        return tracer;
    }

    /// Moves a node's wall clock.
    ///
    /// @param aheadSeconds of the real time; negative for behind
    public void setClock(int index, long aheadSeconds) throws IOException {
        WallClock clock = clocks.get(index);
        if (clock == null) {
            throw new IllegalStateException(stage.name(index) + " has no clock of its own");
        }
        stage.note("clock of " + stage.name(index) + " is ahead by " + aheadSeconds + " s");
        clock.set(aheadSeconds);
        clockMax = Math.max(clockMax, aheadSeconds);
    }

    /// The farthest that a clock has ever been ahead.
    public long clockMax() {
        return clockMax;
    }

    /// Lets system calls be what they are.
    void letGo() throws InterruptedException {
        for (Tracer tracer : tracers) {
            tracer.close();
        }
    }

    /// Takes everything away; the nodes must have ended.
    void takeAway() throws IOException, InterruptedException {
        for (LoopDisk disk : disks.values()) {
            disk.close();
        }
        if (network != null) {
            network.close();
        }
    }
}
