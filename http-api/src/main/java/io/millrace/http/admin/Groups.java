package io.millrace.http.admin;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Names;
import io.millrace.http.route.Suggestions;
import io.millrace.http.route.Sure;
import io.millrace.log.PartitionLog;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.TopicPartition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/// Consumer groups: what they committed and how far behind they are.
final class Groups {
    private final ReplicatedLog log;

    Groups(ReplicatedLog log) {
        this.log = log;
    }

    void list(Exchange exchange) {
        JsonBuffer json = new JsonBuffer(512).ascii("{\"ok\":true,\"groups\":[");
        boolean first = true;
        for (Map.Entry<String, Map<TopicPartition, Long>> group :
                Sure.now(log.sureGroups()).entrySet()) {
            List<String> topics = group.getValue().keySet().stream()
                    .map(TopicPartition::topic)
                    .filter(exchange::maySee)
                    .distinct()
                    .sorted()
                    .toList();
            if (!topics.isEmpty()) {
                json.ascii(first ? "{\"group\":" : ",{\"group\":").string(group.getKey());
                json.ascii(",\"topics\":").value(topics).put('}');
                first = false;
            }
        }
        exchange.reply(200, Exchange.JSON, json.ascii("]}\n"));
    }

    void describe(Exchange exchange) {
        String name = Names.check("group", exchange.pathParameter(0));
        Map<String, Map<TopicPartition, Long>> groups = Sure.now(log.sureGroups());
        Map<TopicPartition, Long> committed = groups.get(name);
        if (committed == null) {
            throw new HttpFailure(
                    ErrorCode.UNKNOWN_GROUP,
                    "Group '" + name + "' has not committed anything." + Suggestions.didYouMean(name, groups.keySet()));
        }
        List<TopicPartition> places = new ArrayList<>(committed.keySet());
        places.sort(Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition));
        JsonBuffer json = new JsonBuffer(512).ascii("{\"ok\":true,\"group\":").string(name);
        json.ascii(",\"members\":[],\"partitions\":[");
        boolean first = true;
        for (TopicPartition place : places) {
            if (!exchange.maySee(place.topic())
                    || Sure.now(log.sureTopic(place.topic())).isEmpty()) {
                continue;
            }
            PartitionLog records = log.partition(place.topic(), place.partition());
            OptionalLong offset = log.committed(place.topic(), name, place.partition());
            if (offset.isEmpty()) {
                continue; // the topic was made again meanwhile
            }
            long next = Math.max(offset.getAsLong() + 1, records.earliestOffset());
            json.ascii(first ? "{\"topic\":" : ",{\"topic\":").string(place.topic());
            json.ascii(",\"partition\":").number(place.partition());
            json.ascii(",\"committed_offset\":").number(offset.getAsLong());
            json.ascii(",\"high_watermark\":").number(records.highWatermark());
            json.ascii(",\"lag\":")
                    .number(Math.max(0, records.highWatermark() - next))
                    .put('}');
            first = false;
        }
        exchange.reply(200, Exchange.JSON, json.ascii("]}\n"));
    }
}
