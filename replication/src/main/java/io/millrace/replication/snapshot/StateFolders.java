package io.millrace.replication.snapshot;

import io.millrace.log.CorruptLogException;
import io.millrace.log.disk.Disk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Which of a group's states on disk is in force, and how another one comes into force.
///
/// ```
/// data folder
///   manifest-0          the state in force, and the folder of its partition logs
///   logs, logs-1, …     partition logs; a rebuilt state gets the next number
///   manifest-0.copy     a state that was copied whole from a peer, durable, to come into force next
///   aside-<time>/       what was in force before, one generation
/// ```
///
/// A copy is fetched into the next folder. When all of it is durable, `manifest-0.copy` is written: **from then
/// on the copy wins** if its index is higher than that of `manifest-0`, now or after a restart. That is before
/// Ratis drops the log entries that lead to the old state; so whatever is lost in a crash, one of the two
/// states is there with the log that continues it. It comes into force by one rename of `manifest-0.copy` to
/// `manifest-0`.
///
/// | found at start                              | in force         | done                               |
/// |---------------------------------------------|------------------|------------------------------------|
/// | `manifest-0` alone                          | it               | –                                  |
/// | a copy with a higher index                  | the copy         | renamed; old folder aside          |
/// | a copy with the same or a lower index       | `manifest-0`     | the copy deleted                   |
/// | a folder with a lower number than that in force | –            | aside: a crash was faster          |
/// | a folder with a higher number               | –                | kept: its files are used again     |
///
/// Threading: one thread at a time; what is aside may be deleted by any.
public final class StateFolders {
    private static final Logger LOG = LoggerFactory.getLogger(StateFolders.class);
    private static final String ASIDE = "aside-";

    private final Disk disk;
    private final Path dataFolder;
    private final Path manifestFile;
    private final Path copyFile;
    private final int idempotencyKeysMax;

    public StateFolders(Disk disk, Path dataFolder, int group, int idempotencyKeysMax) {
        this.disk = disk;
        this.dataFolder = dataFolder;
        this.manifestFile = dataFolder.resolve("manifest-" + group);
        this.copyFile = dataFolder.resolve("manifest-" + group + ".copy");
        this.idempotencyKeysMax = idempotencyKeysMax;
    }

    public Path manifestFile() {
        return manifestFile;
    }

    /// The state in force; brings a copy into force that was ready when the process ended. Empty for a new
    /// node.
    ///
    /// @throws CorruptLogException a manifest is not what was written
    public Optional<Manifest> open() throws IOException {
        Optional<Manifest> old = Manifest.read(disk, manifestFile, idempotencyKeysMax);
        Optional<Manifest> copy = readyCopy();
        Optional<Manifest> inForce = old;
        if (copy.isPresent()) {
            if (old.isEmpty() || copy.get().index() > old.get().index()) {
                LOG.atInfo().addKeyValue("index", copy.get().index()).log("a copy of a peer is the state from now on");
                bringIntoForce();
                inForce = copy;
            } else {
                discardReadyCopy();
            }
        }
        if (inForce.isPresent()) {
            setAsideBefore(inForce.get().folder(), inForce.get().timeMs());
        }
        return inForce;
    }

    /// The copy that is whole and durable, in force or not.
    public Optional<Manifest> readyCopy() throws IOException {
        return Manifest.read(disk, copyFile, idempotencyKeysMax);
    }

    /// The folder that the next copy is fetched into.
    public static String next(String folder) {
        return Manifest.FIRST_FOLDER + "-" + (number(folder) + 1);
    }

    /// 0 for `logs`, else what follows `logs-`; −1 for another kind of name.
    static int number(String folder) {
        if (folder.equals(Manifest.FIRST_FOLDER)) {
            return 0;
        }
        String prefix = Manifest.FIRST_FOLDER + "-";
        return folder.matches(prefix + "[1-9]\\d{0,8}") ? Integer.parseInt(folder.substring(prefix.length())) : -1;
    }

    /// Says that `copy` is whole and durable. It wins from now on if its index is higher.
    public void ready(Manifest copy) throws IOException {
        copy.write(disk, copyFile);
    }

    /// Takes back [#ready]; the files stay for the next attempt.
    public void discardReadyCopy() throws IOException {
        if (disk.exists(copyFile)) {
            disk.delete(copyFile);
            disk.syncFolder(dataFolder);
        }
    }

    /// One rename: before it the old state is in force, behind it the new one.
    public void bringIntoForce() throws IOException {
        disk.rename(copyFile, manifestFile);
        disk.syncFolder(dataFolder);
    }

    /// Moves the folders of earlier states aside, and deletes what had been aside before.
    ///
    /// @param nowMs names the folder; the newest record's time will do
    public synchronized void setAsideBefore(String inForce, long nowMs) throws IOException {
        List<String> earlier = new ArrayList<>();
        for (String name : disk.list(dataFolder)) {
            if (number(name) >= 0 && number(name) < number(inForce)) {
                earlier.add(name);
            }
        }
        if (earlier.isEmpty()) {
            return;
        }
        List<String> before = asides();
        Path aside = newAside(disk, dataFolder, nowMs);
        for (String name : earlier) {
            disk.rename(dataFolder.resolve(name), aside.resolve(name));
        }
        disk.syncFolder(aside);
        disk.syncFolder(dataFolder);
        for (String name : before) {
            disk.deleteTree(dataFolder.resolve(name));
        }
    }

    /// Deletes a copy that was begun and is not needed any more.
    ///
    /// @return whether there was one
    public synchronized boolean deleteUnfinished(String inForce) throws IOException {
        boolean found = false;
        for (String name : disk.list(dataFolder)) {
            if (number(name) > number(inForce)) {
                found = true;
                disk.deleteTree(dataFolder.resolve(name));
            }
        }
        return found;
    }

    /// Deletes the state, with everything that is aside. A crash in the middle leaves folders that no manifest
    /// speaks of, which are nobody's.
    public synchronized void deleteAll() throws IOException {
        for (Path manifest : List.of(copyFile, manifestFile)) {
            if (disk.exists(manifest)) {
                disk.delete(manifest);
            }
        }
        disk.syncFolder(dataFolder);
        for (String name : disk.list(dataFolder)) {
            if (number(name) >= 0 || asides().contains(name)) {
                disk.deleteTree(dataFolder.resolve(name));
            }
        }
        disk.syncFolder(dataFolder);
    }

    /// Deletes everything that is kept aside: its space is needed more urgently.
    ///
    /// @return whether there was anything
    public synchronized boolean deleteAsides() throws IOException {
        List<String> names = asides();
        for (String name : names) {
            LOG.atWarn()
                    .addKeyValue("folder", dataFolder.resolve(name))
                    .log("what was kept aside is deleted for space");
            disk.deleteTree(dataFolder.resolve(name));
        }
        return !names.isEmpty();
    }

    private List<String> asides() throws IOException {
        return asides(disk, dataFolder);
    }

    static List<String> asides(Disk disk, Path dataFolder) throws IOException {
        return disk.list(dataFolder).stream()
                .filter(name -> name.matches(ASIDE + "\\d+"))
                .toList();
    }

    static Path newAside(Disk disk, Path dataFolder, long nowMs) throws IOException {
        long time = nowMs;
        while (disk.exists(dataFolder.resolve(ASIDE + time))) {
            time++;
        }
        Path aside = dataFolder.resolve(ASIDE + time);
        disk.createFolders(aside);
        return aside;
    }

    public Path dataFolder() {
        return dataFolder;
    }
}
