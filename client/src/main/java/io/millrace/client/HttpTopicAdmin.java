package io.millrace.client;

import io.millrace.client.TopicDescription.PartitionDescription;
import io.millrace.client.transport.Call;
import io.millrace.client.transport.Json;
import io.millrace.client.transport.JsonObject;
import io.millrace.client.transport.Transport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `/broker/topics`.
final class HttpTopicAdmin implements TopicAdmin {
    private final Transport transport;

    HttpTopicAdmin(Transport transport) {
        this.transport = transport;
    }

    @Override
    public void create(TopicSpec spec) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("name", spec.name());
        spec.partitions().ifPresent(count -> body.put("partitions", count));
        spec.replication().ifPresent(count -> body.put("replication", count));
        spec.cleanup().ifPresent(policy -> body.put("cleanup", policy));
        Map<String, Object> retention = new LinkedHashMap<>();
        spec.retentionMs().ifPresent(ms -> retention.put("ms", ms));
        spec.retentionBytes().ifPresent(bytes -> retention.put("bytes", bytes));
        if (!retention.isEmpty()) {
            body.put("retention", retention);
        }
        // the same again is fine, says the contract
        var _ = transport.whole(Call.post("/broker/topics", Json.write(body)).withRepeatable(true));
    }

    @Override
    public List<String> list() {
        List<String> names = new ArrayList<>();
        for (Object topic : transport.whole(Call.get("/broker/topics")).json().list("topics")) {
            names.add(topic instanceof String name ? name : name(JsonObject.of(topic, "")));
        }
        return names;
    }

    private static String name(JsonObject topic) {
        String name = topic.textOrNull("topic");
        return name == null ? topic.text("name") : name;
    }

    @Override
    public Optional<TopicDescription> describe(String topic) {
        JsonObject answer;
        try {
            answer = transport
                    .whole(Call.get("/broker/topics/" + Call.encode(topic)))
                    .json();
        } catch (MillraceException refused) {
            if (refused.status() == 404) {
                return Optional.empty();
            }
            throw refused;
        }
        List<PartitionDescription> partitions = new ArrayList<>();
        for (Object item : answer.list("partitions")) {
            partitions.add(partition(JsonObject.of(item, "")));
        }
        String cleanup = answer.textOrNull("cleanup");
        return Optional.of(new TopicDescription(name(answer), cleanup == null ? "" : cleanup, partitions));
    }

    private static PartitionDescription partition(JsonObject item) {
        List<String> replicas = new ArrayList<>();
        item.listOrEmpty("replicas").forEach(replica -> replicas.add(String.valueOf(replica)));
        Object leader = item.get("leader");
        return new PartitionDescription(
                (int) item.integer("partition"),
                leader == null ? "" : leader.toString(),
                replicas,
                first(item, "earliest_offset", "earliest"),
                first(item, "next_offset", "next"),
                first(item, "high_watermark", "high_watermark"),
                first(item, "bytes", "size_bytes"));
    }

    private static long first(JsonObject item, String name, String otherName) {
        return item.integerOr(name, item.integerOr(otherName, -1));
    }

    @Override
    public boolean delete(String topic) {
        try {
            var _ = transport.whole(Call.delete("/broker/topics/" + Call.encode(topic)));
            return true;
        } catch (MillraceException refused) {
            if (refused.status() == 404) {
                return false;
            }
            throw refused;
        }
    }
}
