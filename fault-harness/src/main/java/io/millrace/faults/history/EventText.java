package io.millrace.faults.history;

import java.util.List;
import java.util.stream.Collectors;

/// An event as a line: its kind, then its fields, parted by tabs.
final class EventText {
    private static final String BETWEEN = ",";

    private EventText() {}

    static String write(Event event) {
        return switch (event) {
            case Event.Sent(long at, String producer, long sequence, int count, int partition, boolean keyed) ->
                line("sent", at, producer, sequence, count, partition, keyed);
            case Event.Acknowledged(
                    long at,
                    long sent,
                    String producer,
                    long sequence,
                    int count,
                    int partition,
                    long offset,
                    String node) -> line("ack", at, sent, producer, sequence, count, partition, offset, node);
            case Event.Refused(long at, String producer, long sequence, int count, String code) ->
                line("refused", at, producer, sequence, count, code);
            case Event.Unknown(long at, String producer, long sequence, int count, String why) ->
                line("unknown", at, producer, sequence, count, why);
            case Event.Answered(long at, long sent, String node, String code) -> line("answered", at, sent, node, code);
            case Event.Seen(long at, String node, int partition, long offset, String name) ->
                line("seen", at, node, partition, offset, name);
            case Event.Kept(long at, String node, int partition, long offset, String name) ->
                line("kept", at, node, partition, offset, name);
            case Event.Stored(long at, String node, int partition, long offset, long checksum) ->
                line("stored", at, node, partition, offset, checksum);
            case Event.Latest(long at, long asked, String node, int partition, long next) ->
                line("latest", at, asked, node, partition, next);
            case Event.CommitAcknowledged(long at, int partition, long offset) -> line("commit", at, partition, offset);
            case Event.Committed(long at, long asked, String node, int partition, long offset) ->
                line("committed", at, asked, node, partition, offset);
            case Event.Placed(long at, int partition, List<String> nodes) ->
                line("placed", at, partition, String.join(BETWEEN, nodes));
            case Event.CutOff(long at, String node, List<Integer> partitions) ->
                line(
                        "cut-off",
                        at,
                        node,
                        partitions.stream().map(String::valueOf).collect(Collectors.joining(BETWEEN)));
            case Event.Restored(long at, String node) -> line("restored", at, node);
            case Event.Note(long at, String text) -> line("note", at, text);
        };
    }

    private static String line(String kind, Object... fields) {
        StringBuilder line = new StringBuilder(kind);
        for (Object field : fields) {
            line.append('\t').append(field.toString().replace('\t', ' ').replace('\n', ' '));
        }
        return line.toString();
    }

    /// @throws IllegalArgumentException for a line that [#write] does not write
    static Event read(String line) {
        String[] field = line.split("\t", -1);
        try {
            long at = number(field[1]);
            return switch (field[0]) {
                case "sent" ->
                    new Event.Sent(
                            at,
                            field[2],
                            number(field[3]),
                            small(field[4]),
                            small(field[5]),
                            Boolean.parseBoolean(field[6]));
                case "ack" ->
                    new Event.Acknowledged(
                            at,
                            number(field[2]),
                            field[3],
                            number(field[4]),
                            small(field[5]),
                            small(field[6]),
                            number(field[7]),
                            field[8]);
                case "refused" -> new Event.Refused(at, field[2], number(field[3]), small(field[4]), field[5]);
                case "unknown" -> new Event.Unknown(at, field[2], number(field[3]), small(field[4]), field[5]);
                case "answered" -> new Event.Answered(at, number(field[2]), field[3], field[4]);
                case "seen" -> new Event.Seen(at, field[2], small(field[3]), number(field[4]), field[5]);
                case "kept" -> new Event.Kept(at, field[2], small(field[3]), number(field[4]), field[5]);
                case "stored" -> new Event.Stored(at, field[2], small(field[3]), number(field[4]), number(field[5]));
                case "latest" -> new Event.Latest(at, number(field[2]), field[3], small(field[4]), number(field[5]));
                case "commit" -> new Event.CommitAcknowledged(at, small(field[2]), number(field[3]));
                case "committed" ->
                    new Event.Committed(at, number(field[2]), field[3], small(field[4]), number(field[5]));
                case "placed" -> new Event.Placed(at, small(field[2]), list(field[3]));
                case "cut-off" ->
                    new Event.CutOff(
                            at,
                            field[2],
                            list(field[3]).stream().map(EventText::small).toList());
                case "restored" -> new Event.Restored(at, field[2]);
                case "note" -> new Event.Note(at, field[2]);
                default -> throw new IllegalArgumentException("there is no event '" + field[0] + "'");
            };
        } catch (ArrayIndexOutOfBoundsException | NumberFormatException malformed) {
            throw new IllegalArgumentException("this is no event: " + line, malformed);
        }
    }

    private static List<String> list(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(BETWEEN));
    }

    private static long number(String text) {
        return Long.parseLong(text);
    }

    private static int small(String text) {
        return Integer.parseInt(text);
    }
}
