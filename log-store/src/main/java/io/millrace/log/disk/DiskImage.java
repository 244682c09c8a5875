package io.millrace.log.disk;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/// What is on a [SimulatedDisk] at one moment.
///
/// @param folders by absolute path, the files in each by name; the bytes are not to be changed
public record DiskImage(Map<Path, Map<String, byte[]>> folders) {
    public DiskImage {
        Map<Path, Map<String, byte[]>> copy = new TreeMap<>();
        folders.forEach((path, files) -> copy.put(path, Collections.unmodifiableMap(new TreeMap<>(files))));
        folders = Collections.unmodifiableMap(copy);
    }

    /// A disk that starts with this image, all of it durable.
    public SimulatedDisk disk(long seed) {
        return new SimulatedDisk(seed, this);
    }

    /// The bytes of one file; not to be changed.
    public byte[] file(Path path) {
        Path absolute = path.toAbsolutePath();
        Map<String, byte[]> files = folders.get(absolute.getParent());
        byte[] bytes = files == null ? null : files.get(String.valueOf(absolute.getFileName()));
        if (bytes == null) {
            throw new IllegalArgumentException("no file %s in%n%s".formatted(path, this));
        }
        return bytes;
    }

    /// Names and sizes, for failure messages.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        folders.forEach((path, files) -> files.forEach((name, bytes) ->
                text.append(path.resolve(name)).append(' ').append(bytes.length).append('\n')));
        return text.toString();
    }
}
