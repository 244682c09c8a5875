package io.millrace.faults.stage;

/// What a row needs of the machine.
public enum Need {
    /// Networks of the nodes' own.
    NETWORK,
    /// File systems of the nodes' own.
    DISK,
    /// `strace`, which makes system calls fail.
    TRACER,
    /// A C compiler, for the library that moves a process's wall clock.
    CLOCK
}
