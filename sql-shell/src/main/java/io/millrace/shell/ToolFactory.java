package io.millrace.shell;

import picocli.CommandLine;
import picocli.CommandLine.IFactory;

/// Gives the standard streams to the tools that ask for them in their constructor.
final class ToolFactory implements IFactory {
    private final Streams streams;

    ToolFactory(Streams streams) {
        this.streams = streams;
    }

    @Override
    public <K> K create(Class<K> type) throws Exception {
        try {
            var constructor = type.getDeclaredConstructor(Streams.class);
            return constructor.newInstance(streams);
        } catch (NoSuchMethodException needsNone) {
            return CommandLine.defaultFactory().create(type);
        }
    }
}
