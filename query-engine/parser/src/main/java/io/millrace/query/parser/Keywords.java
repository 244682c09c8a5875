package io.millrace.query.parser;

import io.millrace.query.parser.impl.MillraceParserImpl;
import io.millrace.query.parser.impl.MillraceParserImplConstants;
import java.io.StringReader;
import java.util.Collections;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.calcite.sql.parser.SqlAbstractParserImpl;

/// The words that the grammar knows, in upper case.
public final class Keywords {
    private static final Pattern WORD = Pattern.compile("\"([A-Z][A-Z0-9_]*)\"");
    private static final SortedSet<String> ALL = Collections.unmodifiableSortedSet(findAll());
    private static final SortedSet<String> RESERVED = Collections.unmodifiableSortedSet(findReserved());

    private Keywords() {}

    /// All keywords, for completion and highlighting.
    public static SortedSet<String> all() {
        return ALL;
    }

    /// The keywords that are names only in double quotes.
    public static SortedSet<String> reserved() {
        return RESERVED;
    }

    static boolean isReserved(String word) {
        return RESERVED.contains(word.toUpperCase(Locale.ROOT));
    }

    static boolean isNonReserved(String word) {
        return ALL.contains(word) && !RESERVED.contains(word);
    }

    private static SortedSet<String> findAll() {
        SortedSet<String> words = new TreeSet<>();
        for (String image : MillraceParserImplConstants.tokenImage) {
            var matcher = WORD.matcher(image);
            if (matcher.matches()) {
                words.add(matcher.group(1));
            }
        }
        return words;
    }

    private static SortedSet<String> findReserved() {
        SqlAbstractParserImpl.Metadata metadata = new MillraceParserImpl(new StringReader("")).getMetadata();
        SortedSet<String> words = new TreeSet<>(ALL);
        words.removeIf(metadata::isNonReservedKeyword);
        return words;
    }
}
