package io.millrace.shell;

import io.millrace.shell.print.Borders;
import io.millrace.shell.print.Palette;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// The process's standard streams and what is known about them, so that tests can bring their own.
///
/// @param environment NO_COLOR, TERM, MILLRACE_URL and the like
record Streams(
        InputStream in,
        PrintWriter out,
        PrintWriter err,
        boolean inIsTerminal,
        boolean outIsTerminal,
        boolean errIsTerminal,
        boolean unicode,
        Map<String, String> environment) {

    static Streams ofProcess() {
        boolean outTerminal = isTerminal("stdout");
        boolean errTerminal = isTerminal("stderr");
        // on a terminal its charset; programs get UTF-8 always
        Charset outCharset = outTerminal ? charset("stdout.encoding") : StandardCharsets.UTF_8;
        Charset errCharset = errTerminal ? charset("stderr.encoding") : StandardCharsets.UTF_8;
        return new Streams(
                System.in,
                writer(FileDescriptor.out, outCharset),
                writer(FileDescriptor.err, errCharset),
                isTerminal("stdin"),
                outTerminal,
                errTerminal,
                outCharset.newEncoder().canEncode('│'),
                System.getenv());
    }

    /// The launcher knows for each stream; without it Java knows only whether both input and output are
    /// terminals.
    private static boolean isTerminal(String name) {
        String told = System.getProperty("millrace." + name + ".terminal");
        if (told != null) {
            return told.equals("true");
        }
        Console console = System.console();
        return console != null && console.isTerminal();
    }

    private static Charset charset(String property) {
        try {
            return Charset.forName(System.getProperty(property, "UTF-8"));
        } catch (IllegalArgumentException unknown) {
            return StandardCharsets.UTF_8;
        }
    }

    private static PrintWriter writer(FileDescriptor descriptor, Charset charset) {
        return new PrintWriter(
                new java.io.BufferedWriter(new OutputStreamWriter(new FileOutputStream(descriptor), charset), 1 << 16));
    }

    /// See no-color.org; a dumb terminal shows colours as rubbish.
    private boolean coloursWanted() {
        return environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !environment.getOrDefault("TERM", "").equals("dumb");
    }

    boolean colours() {
        return outIsTerminal && coloursWanted();
    }

    boolean errorColours() {
        return errIsTerminal && coloursWanted();
    }

    Palette palette() {
        return colours() ? Palette.ANSI : Palette.PLAIN;
    }

    Palette errorPalette() {
        return errorColours() ? Palette.ANSI : Palette.PLAIN;
    }

    Borders borders() {
        return unicode ? Borders.UNICODE : Borders.ASCII;
    }
}
