package io.millrace.http.node;

import java.util.Locale;

/// Every setting: `http.body-bytes-max` is `--http.body-bytes-max` on the command line,
/// `MILLRACE_HTTP_BODY_BYTES_MAX` in the environment, and `body-bytes-max` below `[http]` in the file.
enum Setting {
    HOST("host", "127.0.0.1", "address to listen on; any but loopback needs tokens"),
    PORT("port", "1109", "port to listen on; 0 picks a free one"),
    DATA_DIR("data-dir", "data", "folder for everything that is kept"),
    CONFIG("config", "millrace.toml", "file with settings; read when it is there"),
    TOKENS("tokens", "", "SECRET[:scope+scope[:topic-prefix]],… with scopes produce, consume, query, admin"),
    TLS_CERT("tls.cert", "", "file with this node's certificate in PEM, intermediate ones after it; makes it HTTPS"),
    TLS_KEY("tls.key", "", "file with the private key of tls.cert in PEM"),
    TLS_CA("tls.ca", "", "file with the authorities, in PEM, whose certificates are believed; else those of the JDK"),
    TLS_CLIENT_AUTH("tls.client-auth", "none", "certificates of HTTP clients: none, want or need; needs tls.ca"),
    LOG_FORMAT("log-format", "text", "text or json"),
    LOG_LEVEL("log-level", "info", "error, warn, info or debug"),
    AUTO_CREATE("topics.auto-create", "true", "whether a record for an unknown topic makes it; false in a cluster"),
    ACK("topics.ack", "quorum", "when a record is acknowledged unless its request says: quorum, all, leader or none"),
    PARTITIONS("topics.partitions", "8", "partitions of a topic made without saying"),
    EVENT_LOOPS("http.event-loops", "1", "threads that parse and frame requests"),
    CONNECTIONS_MAX("http.connections-max", "10000", "open connections"),
    BODY_BYTES_MAX("http.body-bytes-max", "16777216", "largest body of a request, also after decompression"),
    BUDGET_BYTES("http.budget-bytes", "0", "bodies and answers in memory together; 0 for an eighth of the heap"),
    URI_BYTES_MAX("http.uri-bytes-max", "16384", "longest request line"),
    HEADER_BYTES_MAX("http.header-bytes-max", "32768", "all headers of a request together"),
    HEAD_TIMEOUT_MS("http.head-timeout-ms", "10000", "from the first byte of a request to the end of its headers"),
    BODY_TIMEOUT_MS("http.body-timeout-ms", "20000", "longest silence within a body"),
    BODY_TOTAL_MS("http.body-total-ms", "300000", "longest time for a whole body"),
    IDLE_TIMEOUT_MS("http.idle-timeout-ms", "75000", "longest silence between requests"),
    WRITE_TIMEOUT_MS("http.write-timeout-ms", "30000", "longest time in which a client may take nothing"),
    ORIGINS("http.origins", "", "web origins whose pages may call this node, comma-separated; * for all"),
    STREAMS_MAX("http.streams-max", "1000", "open streams of records"),
    DRAIN_MS("http.drain-ms", "10000", "time for requests in flight when the node stops"),
    NODE_ID("cluster.node-id", "n1", "name of this node"),
    NODES("cluster.nodes", "", "the first nodes: ID=HOST:RAFT-PORT/HTTP-PORT,… the same on each of them"),
    CLUSTER_TLS("cluster.tls", "", "whether nodes show each other tls.cert; true when it is set and nodes are many"),
    JOIN("cluster.join", "", "http://HOST:PORT or https://… of a node whose cluster this one joins"),
    CLUSTER_TOKEN("cluster.token", "", "admin token shown to other nodes; else the first admin one of tokens"),
    HTTP_ADDRESS(
            "cluster.http-address",
            "",
            "http://HOST:PORT or https://… where others reach this node; else host and port"),
    FIRST_LEADER("cluster.first-leader", "", "node that leads first when a cluster is made; else any"),
    COPY_BYTES("cluster.copy-bytes-per-second", "104857600", "speed of a replica's copy, given or taken"),
    RAFT_HOST("raft.host", "", "address of the consensus; else the one in cluster.nodes, else host"),
    RAFT_GROUPS("raft.groups", "1", "groups of the consensus, 1 to 16; fixed when a cluster is made"),
    REPLICATION_FACTOR(
            "raft.replication-factor",
            "0",
            "nodes that hold each group but group 0, which all hold; 0 for all. Needs raft.groups of 2 or more"),
    PARALLEL_TRANSFERS_MAX("rebalance.max-parallel-transfers", "1", "groups that may move between nodes at a time"),
    RAFT_PORT("raft.port", "0", "port of the consensus; 0 for the one in cluster.nodes, else a free one that is kept"),
    PENDING_BYTES_MAX("raft.pending-bytes-max", "67108864", "appends that may wait before more are refused"),
    SNAPSHOT_BYTES("raft.snapshot-bytes", "268435456", "bytes after which a snapshot is taken"),
    SEGMENT_BYTES_MAX("log.segment-bytes-max", "134217728", "a segment file is sealed before it grows past this"),
    SCRUB_BYTES("log.scrub-bytes-per-second", "8388608", "speed at which stored records are read for bit rot"),
    FREE_BYTES_MIN("log.free-bytes-min", "268435456", "free disk space below which writes are refused"),
    IDEMPOTENCY_MS("log.idempotency-ms", "600000", "how long an idempotency key is remembered"),
    IDEMPOTENCY_KEYS_MAX("log.idempotency-keys-max", "1000000", "idempotency keys remembered in each partition"),
    QUERIES_MAX("queries.max", "64", "statements that run at the same time"),
    QUERY_STATE_BYTES_MAX("queries.state-bytes-max", "536870912", "state that one query may keep"),
    CHECKPOINT_MS("queries.checkpoint-ms", "30000", "time between two checkpoints of a persistent query");

    private final String key;
    private final String standard;
    private final String help;

    Setting(String key, String standard, String help) {
        this.key = key;
        this.standard = standard;
        this.help = help;
    }

    String key() {
        return key;
    }

    String standard() {
        return standard;
    }

    String help() {
        return help;
    }

    String environmentName() {
        return "MILLRACE_" + key.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
    }
}
