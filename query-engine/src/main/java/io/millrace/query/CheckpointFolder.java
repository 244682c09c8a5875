package io.millrace.query;

import io.millrace.log.disk.Disk;
import java.nio.file.Path;

/// Where persistent queries keep their checkpoints, a folder each. May be deleted while the node is down: recovery
/// then reads the input again.
///
/// @param freeBytesMin space on the disk that checkpoints leave to others
public record CheckpointFolder(Disk disk, Path folder, long freeBytesMin) {}
