package io.millrace.faults.stage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/// What this machine can do.
public final class Machine {
    private final Map<Need, String> obstacles = new EnumMap<>(Need.class);

    private Machine() {}

    /// Tries things out.
    ///
    /// @param folder where a disk may be made for a moment
    public static Machine survey(Path folder) throws InterruptedException {
        Machine machine = new Machine();
        if (Sandbox.isInside()) {
            machine.check(Need.NETWORK, () -> {
                require("ip", "iproute2");
                require("nft", "nftables");
                Shell.must("nft", "list", "tables");
            });
            machine.check(Need.DISK, () -> {
                require("mkfs.xfs", "xfsprogs");
                require("xfs_io", "xfsprogs");
                try (LoopDisk disk = LoopDisk.make(folder, "probe")) {
                    Files.createFile(disk.folder().resolve("probe"));
                }
            });
        } else {
            String obstacle = Sandbox.obstacle();
            machine.obstacles.put(Need.NETWORK, obstacle);
            machine.obstacles.put(Need.DISK, obstacle);
        }
        machine.check(Need.TRACER, () -> {
            require("strace", "strace");
            Shell.must("strace", "-f", "-qq", "-e", "trace=fsync", "-o", "/dev/null", "true");
        });
        machine.check(Need.CLOCK, () -> {
            Path library = folder.resolve("wall-clock-probe.so");
            WallClock.build(library);
            Files.delete(library);
        });
        return machine;
    }

    private interface Attempt {
        void run() throws IOException, InterruptedException;
    }

    private void check(Need need, Attempt attempt) throws InterruptedException {
        try {
            attempt.run();
        } catch (IOException failed) {
            String message = failed.getMessage();
            obstacles.put(need, message == null ? failed.toString() : message);
        }
    }

    private static void require(String program, String from) throws IOException {
        if (!Shell.has(program)) {
            throw new IOException("needs " + program + " (package " + from + ")");
        }
    }

    /// Why these needs cannot be met; empty when they can.
    public String obstacle(Set<Need> needs) {
        for (Need need : Need.values()) {
            String obstacle = obstacles.getOrDefault(need, "");
            if (needs.contains(need) && !obstacle.isEmpty()) {
                return obstacle;
            }
        }
        return "";
    }

    public boolean can(Need need) {
        return obstacles.getOrDefault(need, "").isEmpty();
    }
}
