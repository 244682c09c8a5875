package io.millrace.shell;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/// `millrace version`.
@Command(name = "version", mixinStandardHelpOptions = true, description = "Print the version and exit.")
final class VersionTool implements Callable<Integer> {
    private final Streams streams;

    VersionTool(Streams streams) {
        this.streams = streams;
    }

    static final class Provider implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {line()};
        }
    }

    /// From the jar's manifest; `development` when run from classes.
    static String version() {
        String version = VersionTool.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    private static String line() {
        return "millrace " + version() + " (Java " + Runtime.version() + ", " + System.getProperty("os.name") + " "
                + System.getProperty("os.arch") + ")";
    }

    @Override
    public Integer call() {
        streams.out().println(line());
        return 0;
    }
}
