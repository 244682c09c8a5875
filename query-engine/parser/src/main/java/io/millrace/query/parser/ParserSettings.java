package io.millrace.query.parser;

/// The limits within which text is read.
///
/// Those on depth keep every recursion over a statement (here, in the validator, in the planner) within an
/// ordinary thread's stack.
///
/// @param textLengthMax       characters of one text, which may hold several statements
/// @param identifierLengthMax characters of one part of a name
/// @param nestingDepthMax     parentheses, brackets, CASEs and sub-queries inside each other, as written
/// @param treeDepthMax        levels of the tree of one statement: `a + b + c` has three, whatever the parentheses
public record ParserSettings(int textLengthMax, int identifierLengthMax, int nestingDepthMax, int treeDepthMax) {
    public static final ParserSettings DEFAULT = new ParserSettings(1 << 20, 256, 100, 1000);

    public ParserSettings {
        requirePositive("textLengthMax", textLengthMax);
        requirePositive("identifierLengthMax", identifierLengthMax);
        requirePositive("nestingDepthMax", nestingDepthMax);
        requirePositive("treeDepthMax", treeDepthMax);
    }

    private static void requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, found " + value);
        }
    }
}
