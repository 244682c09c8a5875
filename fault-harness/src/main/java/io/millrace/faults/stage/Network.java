package io.millrace.faults.stage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A network for each node, and this process as the router between them, which can drop what it likes.
///
/// Node `i` (from 1) is at `10.77.i.2`. This process reaches all of them whatever is cut between them.
final class Network implements AutoCloseable {
    private static final int ATTACH_ATTEMPTS = 100;

    private final List<Process> keepers = new ArrayList<>();

    Network() throws IOException, InterruptedException {
        Shell.must("ip", "link", "set", "lo", "up");
        Files.writeString(Path.of("/proc/sys/net/ipv4/ip_forward"), "1");
        Shell.run("nft", "delete", "table", "inet", "faults"); // of the row before
        Shell.must("nft", "add table inet faults");
        Shell.must("nft", "add chain inet faults between { type filter hook forward priority 0; policy accept; }");
    }

    static String host(int number) {
        return "10.77." + number + ".2";
    }

    /// One more network; numbers count from 1.
    void add() throws IOException, InterruptedException {
        Process keeper = new ProcessBuilder("unshare", "--net", "sleep", "infinity").start();
        keepers.add(keeper);
        int number = keepers.size();
        awaitNetworkOf(keeper);
        String pid = String.valueOf(keeper.pid());
        String link = "node" + number;
        Shell.must("ip", "link", "add", link, "type", "veth", "peer", "name", "e0", "netns", pid);
        Shell.must("ip", "addr", "add", "10.77." + number + ".1/30", "dev", link);
        Shell.must("ip", "link", "set", link, "up");
        inside(number, "ip", "link", "set", "lo", "up");
        inside(number, "ip", "addr", "add", host(number) + "/30", "dev", "e0");
        inside(number, "ip", "link", "set", "e0", "up");
        inside(number, "ip", "route", "add", "default", "via", "10.77." + number + ".1");
    }

    private static void awaitNetworkOf(Process keeper) throws IOException, InterruptedException {
        Path ours = Files.readSymbolicLink(Path.of("/proc/self/ns/net"));
        for (int attempt = 0; attempt < ATTACH_ATTEMPTS; attempt++) {
            if (!Files.readSymbolicLink(Path.of("/proc/" + keeper.pid() + "/ns/net"))
                    .equals(ours)) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        throw new IOException("no network namespace came about");
    }

    private void inside(int number, String... command) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(enter(number));
        all.addAll(List.of(command));
        Shell.must(all);
    }

    /// What to put before a command so that it runs in this network.
    List<String> enter(int number) {
        return List.of("nsenter", "--net=/proc/" + keepers.get(number - 1).pid() + "/ns/net");
    }

    /// Nothing that `from` sends arrives at `to`.
    void cut(int from, int to) throws IOException, InterruptedException {
        Shell.must("nft", "add rule inet faults between ip saddr " + host(from) + " ip daddr " + host(to) + " drop");
    }

    void heal() throws IOException, InterruptedException {
        Shell.must("nft", "flush chain inet faults between");
    }

    @Override
    public void close() throws IOException, InterruptedException {
        for (int number = 1; number <= keepers.size(); number++) {
            Shell.run("ip", "link", "del", "node" + number); // at once; the kernel would take its time
        }
        keepers.forEach(Process::destroyForcibly);
    }
}
