package io.millrace.query.source;

import io.millrace.query.format.Json;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Finds the fields of a JSON object in one pass over its bytes.
///
/// The wanted paths form a trie. The pass checks the whole record and notes where the values of wanted paths
/// begin and end; nothing is converted and nothing allocated. Records of a topic tend to look alike, so each
/// object of the trie remembers which name followed which, as written, with its quotes: when the next record
/// has the same name there, one comparison of eight bytes at a time replaces scanning and looking up.
///
/// Of members with the same name the last one counts. Threading: one thread at a time.
final class JsonRowDecoder {
    static final int OK = 0;
    static final int NOT_AN_OBJECT = 1;
    static final int MALFORMED = 2;
    static final int NOT_UTF8 = 3;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final Node root = new Node(new byte[0]);
    private final int[] starts;
    private final int[] ends;
    private int record;
    private byte[] scratch = new byte[64];

    /// @param paths of the columns to find, by index
    JsonRowDecoder(List<List<String>> paths) {
        starts = new int[paths.size()];
        ends = new int[paths.size()];
        for (int i = 0; i < paths.size(); i++) {
            Node node = root;
            for (String name : paths.get(i)) {
                node = node.child(name.getBytes(StandardCharsets.UTF_8));
            }
            node.slots = Arrays.copyOf(node.slots, node.slots.length + 1);
            node.slots[node.slots.length - 1] = i;
        }
        root.collect();
    }

    /// Where the value at a path begins; −1 when it is missing or null.
    int start(int slot) {
        return starts[slot];
    }

    /// Where it ends, excluded.
    int end(int slot) {
        return ends[slot];
    }

    /// Goes over one record.
    ///
    /// @return [#OK] or why it is bad
    int scan(byte[] json, int start, int length) {
        record++;
        Arrays.fill(starts, -1);
        int end = start + length;
        int at = Json.skipBlanks(json, start, end);
        if (at >= end || json[at] != '{') {
            int to = at >= end ? -1 : Json.skipValue(json, at, end);
            return to >= 0 && Json.skipBlanks(json, to, end) == end ? NOT_AN_OBJECT : MALFORMED;
        }
        at = object(root, json, at, end, 1);
        if (at < 0 || (at < end && Json.skipBlanks(json, at, end) != end)) {
            return MALFORMED;
        }
        return Json.validUtf8(json, start, length) ? OK : NOT_UTF8;
    }

    /// @return position after the object whose brace is at `at`, or −1
    private int object(Node node, byte[] json, int at, int end, int depth) {
        if (depth > Json.DEPTH_MAX) {
            return -1;
        }
        int i = at + 1;
        if (i < end && json[i] <= ' ') {
            i = Json.skipBlanks(json, i, end);
        }
        if (i < end && json[i] == '}') {
            return i + 1;
        }
        Name previous = null;
        Name expected = node.first;
        while (true) {
            // the name
            if (i >= end || json[i] != '"') {
                return -1;
            }
            Name name = expected;
            if (name != null && name.matches(json, i, end)) {
                i += name.quoted.length;
            } else {
                int nameStart = i + 1;
                i = Json.skipString(json, nameStart, end);
                if (i < 0) {
                    return -1;
                }
                name = node.find(json, nameStart, i - 1, this);
                if (name != node.other && previous != node.other) {
                    if (previous == null) {
                        node.first = name;
                    } else {
                        previous.next = name;
                    }
                }
            }
            previous = name;
            expected = name.next;
            // the colon
            if (i < end && json[i] != ':') {
                i = Json.skipBlanks(json, i, end);
            }
            if (i >= end || json[i] != ':') {
                return -1;
            }
            i++;
            if (i < end && json[i] <= ' ') {
                i = Json.skipBlanks(json, i, end);
            }
            if (i >= end) {
                return -1;
            }
            // the value
            Node wanted = name.node;
            int valueStart = i;
            if (wanted == null) {
                i = Json.skipValue(json, i, end, Json.DEPTH_MAX - depth);
            } else {
                if (wanted.seen == record) {
                    wanted.forget(starts);
                }
                wanted.seen = record;
                i = !wanted.children.isEmpty() && json[i] == '{'
                        ? object(wanted, json, i, end, depth + 1)
                        : Json.skipValue(json, i, end, Json.DEPTH_MAX - depth);
                if (json[valueStart] != 'n') {
                    for (int slot : wanted.slots) {
                        starts[slot] = valueStart;
                        ends[slot] = i;
                    }
                }
            }
            if (i < 0) {
                return -1;
            }
            // what follows
            if (i < end && json[i] <= ' ') {
                i = Json.skipBlanks(json, i, end);
            }
            if (i >= end) {
                return -1;
            }
            if (json[i] == '}') {
                return i + 1;
            }
            if (json[i] != ',') {
                return -1;
            }
            i++;
            if (i < end && json[i] <= ' ') {
                i = Json.skipBlanks(json, i, end);
            }
        }
    }

    private byte[] scratch(int length) {
        if (scratch.length < length) {
            scratch = new byte[length * 2];
        }
        return scratch;
    }

    /// A member name as records write it, and where it leads; null when nobody wants it.
    private static final class Name {
        final byte[] quoted;
        final @Nullable Node node;
        private final long head;
        private final long headMask;
        /// the name that followed this one the last time
        @Nullable
        Name next;

        Name(byte[] quoted, @Nullable Node node) {
            this.quoted = quoted;
            this.node = node;
            byte[] eight = Arrays.copyOf(quoted, 8);
            head = (long) LONG.get(eight, 0);
            headMask = quoted.length >= 8 ? -1 : (1L << (quoted.length * 8)) - 1;
        }

        boolean matches(byte[] json, int at, int end) {
            int length = quoted.length;
            if (at + length > end || at + 8 > json.length) {
                return false;
            }
            if ((((long) LONG.get(json, at) ^ head) & headMask) != 0) {
                return false;
            }
            return length <= 8 || Arrays.equals(json, at + 8, at + length, quoted, 8, length);
        }
    }

    /// An object on the way to wanted values.
    private static final class Node {
        /// unwanted names beyond these are looked up each time
        private static final int NAMES_MAX = 128;

        private static final int NAME_LENGTH_MAX = 256;

        final byte[] name;
        final List<Node> children = new ArrayList<>();
        int[] slots = {};
        /// stands for unwanted names that are not remembered
        final Name other = new Name(new byte[0], null);

        @Nullable
        Name first;
        /// the record that had this member last
        int seen = -1;

        /// the children's names, then others as records wrote them
        private Name[] names = {};

        Node(byte[] name) {
            this.name = name;
        }

        Node child(byte[] wanted) {
            for (Node child : children) {
                if (Arrays.equals(child.name, wanted)) {
                    return child;
                }
            }
            Node child = new Node(wanted);
            children.add(child);
            return child;
        }

        void collect() {
            names = children.stream()
                    .map(child -> new Name(quoted(child.name, 0, child.name.length), child))
                    .toArray(Name[]::new);
            children.forEach(Node::collect);
        }

        private static byte[] quoted(byte[] name, int start, int length) {
            byte[] quoted = new byte[length + 2];
            quoted[0] = '"';
            System.arraycopy(name, start, quoted, 1, length);
            quoted[length + 1] = '"';
            return quoted;
        }

        /// Looks up the name between two quotes.
        Name find(byte[] json, int start, int end, JsonRowDecoder decoder) {
            boolean escaped = Json.hasEscape(json, start, end);
            for (int i = escaped ? children.size() : 0; i < names.length; i++) {
                Name known = names[i];
                if (known.quoted.length == end - start + 2
                        && Arrays.equals(known.quoted, 1, known.quoted.length - 1, json, start, end)) {
                    return known;
                }
            }
            Node child = null;
            if (escaped) {
                byte[] text = decoder.scratch(end - start);
                int length = Json.unescape(json, start, end, text, 0);
                for (Node candidate : children) {
                    if (Arrays.equals(candidate.name, 0, candidate.name.length, text, 0, length)) {
                        child = candidate;
                    }
                }
            }
            if (names.length - children.size() < NAMES_MAX && end - start <= NAME_LENGTH_MAX) {
                // escapes and all: what is compared is how the record writes it
                Name learned = new Name(quoted(json, start, end - start), child);
                names = Arrays.copyOf(names, names.length + 1);
                names[names.length - 1] = learned;
                return learned;
            }
            return child == null ? other : names[children.indexOf(child)];
        }

        /// The record has this member once more: what was found before does not count.
        void forget(int[] starts) {
            for (int slot : slots) {
                starts[slot] = -1;
            }
            for (Node child : children) {
                child.forget(starts);
            }
        }
    }
}
