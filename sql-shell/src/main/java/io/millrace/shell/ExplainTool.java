package io.millrace.shell;

import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `millrace explain CODE`: the documentation of an error, without a network.
@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description = "Explain an error code, or list all of them. Works offline.")
final class ExplainTool implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", arity = "0..1", paramLabel = "CODE", description = "For instance unknown_topic.")
    private @Nullable String code;

    ExplainTool(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        ErrorCatalogue catalogue = ErrorCatalogue.load();
        String wanted = code;
        if (wanted == null) {
            catalogue.summaries().forEach(streams.out()::println);
            return 0;
        }
        Optional<String> text = catalogue.text(wanted);
        if (text.isPresent()) {
            streams.out().println(text.get());
            return 0;
        }
        streams.err().println(catalogue.unknown(wanted));
        return 1;
    }
}
