package io.millrace.http.node;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.EncoderBase;
import ch.qos.logback.core.spi.ContextAwareBase;
import io.millrace.http.json.JsonBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

/// Logs to standard error, one event a line: `key=value`, or JSON. Configured in code, because reading a file of
/// XML costs a start about a tenth of a second.
///
/// Logback finds it through `META-INF/services`.
public final class LogConfigurator extends ContextAwareBase implements Configurator {
    private static volatile boolean json;

    /// Chooses the form of lines from now on.
    static void json(boolean wanted) {
        json = wanted;
    }

    /// Sets the least level that is logged.
    static void level(String name) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext loggers) {
            loggers.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.toLevel(name, Level.INFO));
        }
    }

    @Override
    public ExecutionStatus configure(LoggerContext loggers) {
        Lines lines = new Lines();
        lines.setContext(loggers);
        lines.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(loggers);
        appender.setTarget("System.err");
        appender.setEncoder(lines);
        appender.start();
        loggers.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.INFO);
        loggers.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(appender);
        for (String library : new String[] {
            "org.apache.ratis", "io.netty", "org.apache.calcite", "io.grpc", "org.apache.ratis.thirdparty.io.netty"
        }) {
            loggers.getLogger(library).setLevel(Level.WARN);
        }
        // says what a node with one peer knows: that it leads, and metrics of parts that are not used
        loggers.getLogger("org.apache.ratis.metrics").setLevel(Level.ERROR);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    private static final class Lines extends EncoderBase<ILoggingEvent> {
        private static final byte[] NOTHING = new byte[0];

        @Override
        public byte[] headerBytes() {
            return NOTHING;
        }

        @Override
        public byte[] footerBytes() {
            return NOTHING;
        }

        @Override
        public byte[] encode(ILoggingEvent event) {
            return json ? json(event) : text(event);
        }

        private static byte[] text(ILoggingEvent event) {
            StringBuilder line = new StringBuilder(160)
                    .append(Instant.ofEpochMilli(event.getTimeStamp()))
                    .append(' ')
                    .append(event.getLevel())
                    .append(' ')
                    .append(logger(event))
                    .append(" - ")
                    .append(event.getFormattedMessage().replace('\n', ' '));
            if (event.getKeyValuePairs() != null) {
                for (KeyValuePair pair : event.getKeyValuePairs()) {
                    String value = String.valueOf(pair.value).replace('\n', ' ');
                    boolean quoted = value.isEmpty() || value.indexOf(' ') >= 0;
                    line.append(' ').append(pair.key).append('=');
                    line.append(quoted ? "\"" : "").append(value).append(quoted ? "\"" : "");
                }
            }
            line.append('\n');
            if (event.getThrowableProxy() != null) {
                line.append(ThrowableProxyUtil.asString(event.getThrowableProxy()));
            }
            return line.toString().getBytes(StandardCharsets.UTF_8);
        }

        private static byte[] json(ILoggingEvent event) {
            JsonBuffer line = new JsonBuffer(256);
            line.ascii("{\"time\":")
                    .string(Instant.ofEpochMilli(event.getTimeStamp()).toString());
            line.ascii(",\"level\":").string(event.getLevel().toString());
            line.ascii(",\"logger\":").string(logger(event));
            line.ascii(",\"message\":").string(event.getFormattedMessage());
            if (event.getKeyValuePairs() != null) {
                for (KeyValuePair pair : event.getKeyValuePairs()) {
                    line.put(',').string(pair.key).put(':');
                    line.string(pair.value == null ? null : pair.value.toString());
                }
            }
            if (event.getThrowableProxy() != null) {
                line.ascii(",\"trace\":").string(ThrowableProxyUtil.asString(event.getThrowableProxy()));
            }
            return line.ascii("}\n").toBytes();
        }

        private static String logger(ILoggingEvent event) {
            String name = event.getLoggerName();
            return name.substring(name.lastIndexOf('.') + 1);
        }
    }
}
