package io.millrace.shell;

import io.millrace.shell.demo.Demo;
import io.millrace.shell.print.Palette;
import java.io.IOException;
import java.net.URI;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `millrace demo`.
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = {
            "Start a node in a temporary folder, replay three months of US flights into it, and watch two continuous",
            "queries: departures and delays per hour and airport, and departures that a late plane endangers."
        },
        footer = {
            "",
            "@|bold Keys:|@ Tab or 1, 2, 0 choose a query or both; + and - change the speed; space pauses; q ends.",
            "Everything is removed at the end."
        })
final class DemoTool implements Callable<Integer> {
    private final Streams streams;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Option(
            names = "--rate",
            paramLabel = "PER_SECOND",
            description = "Flights a second; 0 is as fast as possible. Default: 250, or 0 with --headless.")
    private @Nullable Integer rate;

    @Option(names = "--events", paramLabel = "COUNT", description = "Replay only the first COUNT flights.")
    private int events = Integer.MAX_VALUE;

    @Option(
            names = "--headless",
            description = "Print some results of both queries and a checksum as text, compare them with a computation"
                    + " in plain Java, and exit.")
    private boolean headless;

    @Option(
            names = {"-u", "--url"},
            paramLabel = "URL",
            description = "Use this node instead of starting one. Makes topics 'flights' and 'airports' there.")
    private @Nullable URI url;

    DemoTool(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (events < 1) {
            throw new ParameterException(spec.commandLine(), "--events must be at least 1, not " + events);
        }
        if (rate != null && rate < 0) {
            throw new ParameterException(spec.commandLine(), "--rate must not be negative: " + rate);
        }
        boolean plain = headless || !streams.outIsTerminal() || !streams.inIsTerminal();
        int perSecond = rate != null ? rate : plain ? 0 : 250;
        Palette palette = streams.palette();
        Optional<String> launcher = Optional.ofNullable(streams.environment().get("MILLRACE_LAUNCHER"));
        Demo demo = new Demo(Optional.ofNullable(url), launcher, events, perSecond);
        return plain
                ? demo.headless(streams.out(), streams.err(), streams.borders())
                : demo.interactive(streams.err(), palette, streams.borders());
    }
}
