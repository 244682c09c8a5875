package io.millrace.http.node;

import io.millrace.http.route.Suggestions;
import io.millrace.http.tls.TlsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;

/// The value of every setting and where it came from: command line, environment, file, default, in this order.
final class Settings {
    /// Variables of the launcher and the shell, which share the prefix.
    private static final Set<String> OTHER_VARIABLES = Set.of(
            "MILLRACE_JAVA_OPTS",
            "MILLRACE_LAUNCHER",
            "MILLRACE_HOME",
            "MILLRACE_NO_AOT",
            "MILLRACE_URL",
            "MILLRACE_TOKEN",
            "MILLRACE_CA",
            "MILLRACE_CERT",
            "MILLRACE_KEY",
            "MILLRACE_HISTORY",
            "MILLRACE_PAGER");
    private static final String AYDER_TOKENS = "RF_BEARER_TOKENS";
    private static final String AYDER_CLUSTER = "RF_HA_";
    private static final Set<String> YES = Set.of("1", "true", "yes", "on");
    /// Where others would look for a node whose HTTP server listens everywhere.
    private static final Set<String> EVERYWHERE = Set.of("0.0.0.0", "::", "[::]");

    private static final String DEFAULT = "default";

    private final Map<Setting, Value> values;

    record Value(String text, String origin) {}

    private Settings(Map<Setting, Value> values) {
        this.values = new EnumMap<>(values);
    }

    /// @param arguments `--key value` or `--key=value`
    /// @throws UsageException a key is unknown or a value does not fit; nothing was started
    static Settings read(List<String> arguments, Map<String, String> environment) throws UsageException, IOException {
        Map<Setting, Value> commandLine = commandLine(arguments);
        Map<Setting, Value> variables = variables(environment);
        Value file = commandLine.getOrDefault(Setting.CONFIG, variables.get(Setting.CONFIG));
        Map<Setting, Value> values = new EnumMap<>(Setting.class);
        for (Setting setting : Setting.values()) {
            values.put(setting, new Value(setting.standard(), DEFAULT));
        }
        values.putAll(file(file == null ? Setting.CONFIG.standard() : file.text(), file != null));
        values.putAll(variables);
        values.putAll(commandLine);
        Settings settings = new Settings(values);
        settings.derive();
        settings.check();
        return settings;
    }

    /// Gives what follows from `cluster.nodes` to the settings that were left alone.
    private void derive() throws UsageException {
        ClusterSettings cluster = cluster();
        ClusterSettings.Place own = cluster.own();
        if (!cluster.nodes().isEmpty() && own == null && cluster.join() == null) {
            throw new UsageException("Node '%s' (cluster.node-id, %s) is not in cluster.nodes, which has %s."
                    .formatted(
                            cluster.nodeId(),
                            origin(Setting.NODE_ID),
                            String.join(", ", cluster.nodes().keySet())));
        }
        if (own != null) {
            deriveOrCompare(Setting.PORT, Integer.toString(own.httpPort()));
            deriveOrCompare(Setting.RAFT_PORT, Integer.toString(own.raftPort()));
            setDefault(Setting.HOST, own.bareHost(), "cluster.nodes");
            setDefault(Setting.RAFT_HOST, own.bareHost(), "cluster.nodes");
            setDefault(Setting.HTTP_ADDRESS, own.httpAddress(), "cluster.nodes");
        }
        setDefault(
                Setting.CLUSTER_TLS,
                Boolean.toString(cluster.clustered() && !text(Setting.TLS_CERT).isBlank()),
                "tls.cert, nodes");
        String reached = text(Setting.HTTP_ADDRESS).strip();
        if (!reached.isEmpty()) {
            String host =
                    ClusterSettings.parseAddress(Setting.HTTP_ADDRESS, reached).getHost();
            setDefault(Setting.RAFT_HOST, host, Setting.HTTP_ADDRESS.key());
        } else if (EVERYWHERE.contains(text(Setting.HOST))) {
            if (cluster.join() != null) {
                throw new UsageException(
                        "A node that listens on %s must say where others reach it: --%s http://HOST:PORT."
                                .formatted(text(Setting.HOST), Setting.HTTP_ADDRESS.key()));
            }
            setDefault(Setting.RAFT_HOST, "127.0.0.1", "nobody else reaches it at " + text(Setting.HOST));
        }
        setDefault(Setting.RAFT_HOST, text(Setting.HOST), "host");
        if (cluster.clustered()) {
            setDefault(Setting.AUTO_CREATE, "false", "default in a cluster");
        }
        String first = text(Setting.FIRST_LEADER);
        if (!first.isEmpty() && !cluster.nodes().containsKey(first)) {
            throw new UsageException(
                    "Setting cluster.first-leader names '%s', which is not in cluster.nodes.".formatted(first));
        }
    }

    private String origin(Setting setting) {
        Value value = values.get(setting);
        return value == null ? "" : value.origin();
    }

    private void setDefault(Setting setting, String text, String origin) {
        if (origin(setting).equals(DEFAULT)) {
            values.put(setting, new Value(text, origin));
        }
    }

    /// The other nodes go by the list, so this one must too.
    private void deriveOrCompare(Setting setting, String listed) throws UsageException {
        setDefault(setting, listed, "cluster.nodes");
        if (!text(setting).strip().equals(listed)) {
            throw new UsageException(
                    "Setting %s (%s) is %s, but cluster.nodes (%s) has %s for node '%s'; make them equal."
                            .formatted(
                                    setting.key(),
                                    origin(setting),
                                    text(setting),
                                    origin(Setting.NODES),
                                    listed,
                                    text(Setting.NODE_ID)));
        }
    }

    /// Of this node's HTTP server, and of those of the other nodes: all have certificates, or none.
    String scheme() {
        return text(Setting.TLS_CERT).isBlank() ? "http" : "https";
    }

    /// Where key and certificates are; null for a node without.
    @Nullable
    TlsFiles tlsFiles() {
        if (text(Setting.TLS_CERT).isBlank()) {
            return null;
        }
        String authorities = text(Setting.TLS_CA).strip();
        return new TlsFiles(
                Path.of(text(Setting.TLS_CERT).strip()),
                Path.of(text(Setting.TLS_KEY).strip()),
                authorities.isEmpty() ? null : Path.of(authorities));
    }

    private void checkTls() throws UsageException {
        boolean certificate = !text(Setting.TLS_CERT).isBlank();
        boolean authorities = !text(Setting.TLS_CA).isBlank();
        if (certificate == text(Setting.TLS_KEY).isBlank()) {
            Setting there = certificate ? Setting.TLS_CERT : Setting.TLS_KEY;
            Setting missing = certificate ? Setting.TLS_KEY : Setting.TLS_CERT;
            throw new UsageException("Setting %s (%s) is set, but %s is not; a certificate and its key belong together."
                    .formatted(there.key(), origin(there), missing.key()));
        }
        word(Setting.TLS_CLIENT_AUTH, List.of("none", "want", "need"));
        if (!text(Setting.TLS_CLIENT_AUTH).equals("none") && !(certificate && authorities)) {
            throw new UsageException(
                    "Setting tls.client-auth (%s) needs tls.cert, tls.key and tls.ca, whose authorities sign the certificates of clients."
                            .formatted(origin(Setting.TLS_CLIENT_AUTH)));
        }
        if (flag(Setting.CLUSTER_TLS) && !(certificate && authorities)) {
            throw new UsageException(
                    "Setting cluster.tls (%s) needs tls.cert, tls.key and tls.ca, whose authorities sign the certificates of nodes; or set it to false."
                            .formatted(origin(Setting.CLUSTER_TLS)));
        }
    }

    /// Who this node is and whom it starts with.
    ///
    /// @throws UsageException it contradicts itself
    ClusterSettings cluster() throws UsageException {
        String join = text(Setting.JOIN).strip();
        return new ClusterSettings(
                ClusterSettings.checkId(text(Setting.NODE_ID).strip()),
                ClusterSettings.parseNodes(text(Setting.NODES), scheme()),
                join.isEmpty() ? null : ClusterSettings.parseAddress(Setting.JOIN, join),
                clusterToken());
    }

    /// The token for other nodes; nodes of a cluster are mostly started with the same tokens.
    private String clusterToken() {
        if (!text(Setting.CLUSTER_TOKEN).isBlank()) {
            return text(Setting.CLUSTER_TOKEN).strip();
        }
        for (String entry : list(Setting.TOKENS)) {
            String[] parts = entry.split(":", 3);
            boolean admin = parts.length < 2
                    || parts[1].isBlank()
                    || Arrays.asList(parts[1].toLowerCase(Locale.ROOT).split("\\+"))
                            .contains("admin");
            if (admin && (parts.length < 3 || parts[2].isEmpty())) {
                return parts[0];
            }
        }
        return "";
    }

    private static Map<Setting, Value> commandLine(List<String> arguments) throws UsageException {
        Map<Setting, Value> values = new EnumMap<>(Setting.class);
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (!argument.startsWith("--")) {
                throw new UsageException("'" + argument + "' is not an option; options look like --port 1109.");
            }
            int equals = argument.indexOf('=');
            String key = argument.substring(2, equals < 0 ? argument.length() : equals);
            Setting setting = find(key, "option --" + key);
            String value;
            if (equals >= 0) {
                value = argument.substring(equals + 1);
            } else if (i + 1 < arguments.size()) {
                value = arguments.get(++i);
            } else {
                throw new UsageException("Option --" + key + " needs a value.");
            }
            values.put(setting, new Value(value, "command line"));
        }
        return values;
    }

    private static Setting find(String key, String what) throws UsageException {
        for (Setting setting : Setting.values()) {
            if (setting.key().equals(key)) {
                return setting;
            }
        }
        throw new UsageException("There is no " + what + "."
                + Suggestions.didYouMean(
                        key, Arrays.stream(Setting.values()).map(Setting::key).toList())
                + " 'config' lists all settings.");
    }

    private static Map<Setting, Value> variables(Map<String, String> environment) throws UsageException {
        Map<Setting, Value> values = new EnumMap<>(Setting.class);
        String tokens = environment.get(AYDER_TOKENS);
        if (tokens != null) {
            values.put(Setting.TOKENS, new Value(tokens, "environment " + AYDER_TOKENS));
        }
        String port = environment.get("RF_PORT");
        if (port != null) {
            values.put(Setting.PORT, new Value(port, "environment RF_PORT"));
        }
        ayderCluster(environment, values);
        List<String> known =
                Arrays.stream(Setting.values()).map(Setting::environmentName).toList();
        for (Map.Entry<String, String> variable : environment.entrySet()) {
            String name = variable.getKey();
            if (!name.startsWith("MILLRACE_") || OTHER_VARIABLES.contains(name)) {
                continue;
            }
            int at = known.indexOf(name);
            if (at < 0) {
                throw new UsageException("There is no setting for the environment variable " + name + "."
                        + Suggestions.didYouMean(name, known) + " 'config' lists all settings.");
            }
            values.put(Setting.values()[at], new Value(variable.getValue(), "environment " + name));
        }
        return values;
    }

    /// Ayder's variables for a cluster.
    private static void ayderCluster(Map<String, String> environment, Map<Setting, Value> values)
            throws UsageException {
        if (!YES.contains(
                environment.getOrDefault(AYDER_CLUSTER + "ENABLED", "0").strip().toLowerCase(Locale.ROOT))) {
            return;
        }
        ayderTls(environment, values);
        String id = environment.get(AYDER_CLUSTER + "NODE_ID");
        if (id != null) {
            values.put(Setting.NODE_ID, new Value(id, "environment RF_HA_NODE_ID"));
        }
        String listed = environment.get(AYDER_CLUSTER + "NODES");
        int count = 1;
        if (listed != null) {
            String nodes = ClusterSettings.ofAyder(listed);
            count = ClusterSettings.parseNodes(nodes, "http").size();
            values.put(Setting.NODES, new Value(nodes, "environment RF_HA_NODES"));
        }
        String concern = environment.get(AYDER_CLUSTER + "WRITE_CONCERN");
        if (concern != null) {
            values.put(
                    Setting.ACK,
                    new Value(ClusterSettings.acknowledgement(concern, count), "environment RF_HA_WRITE_CONCERN"));
        }
        String leader = environment.get(AYDER_CLUSTER + "BOOTSTRAP_LEADER");
        if (leader != null && !leader.isBlank() && !leader.strip().equals("0")) {
            // `1` says it of the node itself; a name is understood too
            boolean own = YES.contains(leader.strip().toLowerCase(Locale.ROOT));
            values.put(
                    Setting.FIRST_LEADER,
                    new Value(own && id != null ? id : leader.strip(), "environment RF_HA_BOOTSTRAP_LEADER"));
        }
    }

    /// Without `RF_HA_TLS=1` the names of files mean nothing there, so they do not here.
    private static void ayderTls(Map<String, String> environment, Map<Setting, Value> values) throws UsageException {
        String name = AYDER_CLUSTER + "TLS";
        if (!YES.contains(environment.getOrDefault(name, "0").strip().toLowerCase(Locale.ROOT))) {
            return;
        }
        values.put(Setting.CLUSTER_TLS, new Value("true", "environment " + name));
        Map<String, Setting> files = Map.of("_CERT", Setting.TLS_CERT, "_KEY", Setting.TLS_KEY, "_CA", Setting.TLS_CA);
        for (Map.Entry<String, Setting> file : files.entrySet()) {
            String value = environment.get(name + file.getKey());
            if (value != null) {
                values.put(file.getValue(), new Value(value, "environment " + name + file.getKey()));
            }
        }
    }

    private static Map<Setting, Value> file(String name, boolean required) throws UsageException, IOException {
        Map<Setting, Value> values = new EnumMap<>(Setting.class);
        Path path = Path.of(name);
        if (!Files.exists(path)) {
            if (required) {
                throw new UsageException("The settings file " + path + " does not exist.");
            }
            return values;
        }
        TomlParseResult toml = Toml.parse(path);
        if (toml.hasErrors()) {
            throw new UsageException("The settings file %s is not TOML: %s"
                    .formatted(path, toml.errors().getFirst().toString()));
        }
        for (String key : toml.dottedKeySet()) {
            Setting setting = find(key, "setting '" + key + "' (in " + path + ")");
            values.put(setting, new Value(text(toml.get(key)), "file " + path));
        }
        return values;
    }

    /// A list in the file is the same as its items with commas between them.
    private static String text(@Nullable Object value) {
        if (value instanceof TomlArray array) {
            return array.toList().stream().map(String::valueOf).collect(Collectors.joining(","));
        }
        return String.valueOf(value);
    }

    private void check() throws UsageException {
        integer(Setting.PORT, 0, 65_535);
        integer(Setting.RAFT_PORT, 0, 65_535);
        integer(Setting.RAFT_GROUPS, 1, 16);
        integer(Setting.REPLICATION_FACTOR, 0, 7);
        if (integer(Setting.REPLICATION_FACTOR) > 0 && integer(Setting.RAFT_GROUPS) < 2) {
            throw new UsageException(
                    "raft.replication-factor needs raft.groups of 2 or more: group 0 is on every node and"
                            + " carries only metadata then. Set raft.groups, or leave raft.replication-factor out");
        }
        integer(Setting.PARALLEL_TRANSFERS_MAX, 1, 16);
        integer(Setting.PARTITIONS, 1, 4096);
        integer(Setting.EVENT_LOOPS, 1, 64);
        integer(Setting.CONNECTIONS_MAX, 1, 1_000_000);
        integer(Setting.BODY_BYTES_MAX, 1024, 1 << 30);
        integer(Setting.BUDGET_BYTES, 0, Long.MAX_VALUE);
        integer(Setting.URI_BYTES_MAX, 256, 1 << 20);
        integer(Setting.HEADER_BYTES_MAX, 256, 1 << 20);
        for (Setting time : List.of(
                Setting.HEAD_TIMEOUT_MS,
                Setting.BODY_TIMEOUT_MS,
                Setting.BODY_TOTAL_MS,
                Setting.IDLE_TIMEOUT_MS,
                Setting.WRITE_TIMEOUT_MS,
                Setting.IDEMPOTENCY_MS)) {
            integer(time, 100, 86_400_000);
        }
        integer(Setting.DRAIN_MS, 0, 600_000);
        integer(Setting.COPY_BYTES, 1 << 20, Long.MAX_VALUE);
        integer(Setting.SCRUB_BYTES, 1 << 10, Long.MAX_VALUE);
        integer(Setting.STREAMS_MAX, 1, 1_000_000);
        integer(Setting.PENDING_BYTES_MAX, 1 << 20, Long.MAX_VALUE);
        integer(Setting.SNAPSHOT_BYTES, 1 << 20, Long.MAX_VALUE);
        integer(Setting.SEGMENT_BYTES_MAX, 64 << 10, 1 << 30);
        integer(Setting.FREE_BYTES_MIN, 0, Long.MAX_VALUE);
        integer(Setting.IDEMPOTENCY_KEYS_MAX, 1, 100_000_000);
        integer(Setting.QUERIES_MAX, 1, 10_000);
        integer(Setting.QUERY_STATE_BYTES_MAX, 1 << 20, Long.MAX_VALUE);
        flag(Setting.AUTO_CREATE);
        checkTls();
        word(Setting.ACK, List.of("quorum", "all", "leader", "none"));
        word(Setting.LOG_FORMAT, List.of("text", "json"));
        word(Setting.LOG_LEVEL, List.of("error", "warn", "info", "debug"));
    }

    String text(Setting setting) {
        Value value = values.get(setting);
        if (value == null) {
            throw new IllegalStateException(setting + " has no value");
        }
        return value.text();
    }

    List<String> list(Setting setting) {
        List<String> items = new ArrayList<>();
        for (String item : text(setting).split(",")) {
            if (!item.isBlank()) {
                items.add(item.strip());
            }
        }
        return items;
    }

    long integer(Setting setting) {
        return Long.parseLong(text(setting).strip());
    }

    private void integer(Setting setting, long min, long max) throws UsageException {
        try {
            long value = integer(setting);
            if (value >= min && value <= max) {
                return;
            }
        } catch (NumberFormatException notANumber) {
            throw unfit(setting, "a whole number from " + min + " to " + max);
        }
        throw unfit(setting, "a whole number from " + min + " to " + max);
    }

    boolean flag(Setting setting) throws UsageException {
        return switch (text(setting)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw unfit(setting, "true or false");
        };
    }

    private void word(Setting setting, List<String> words) throws UsageException {
        if (!words.contains(text(setting))) {
            throw unfit(setting, String.join(" or ", words));
        }
    }

    private UsageException unfit(Setting setting, String wanted) {
        Value value = values.get(setting);
        return new UsageException("Setting %s (%s) must be %s, not '%s'."
                .formatted(setting.key(), value == null ? "" : value.origin(), wanted, text(setting)));
    }

    /// Every value and its origin, for people. Tokens are counted, not shown.
    String describe() {
        StringBuilder text = new StringBuilder();
        for (Setting setting : Setting.values()) {
            Value value = values.get(setting);
            boolean secret = setting == Setting.TOKENS || setting == Setting.CLUSTER_TOKEN;
            String shown =
                    secret && !text(setting).isEmpty() ? list(setting).size() + " token(s), not shown" : text(setting);
            text.append("%-26s %-24s (%s)  # %s%n"
                    .formatted(
                            setting.key(),
                            shown.isEmpty() ? "\"\"" : shown,
                            value == null ? "" : value.origin(),
                            setting.help()));
        }
        return text.toString();
    }
}
