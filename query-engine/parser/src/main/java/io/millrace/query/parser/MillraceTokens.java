package io.millrace.query.parser;

import io.millrace.query.parser.impl.MillraceParserImplConstants;

/// The grammar's kinds of token.
final class MillraceTokens {
    private MillraceTokens() {}

    /// What the token looks like: the keyword in upper case, or the characters of a symbol.
    static String image(int kind) {
        if (kind == MillraceParserImplConstants.AS_OF_FRONTIER) {
            return "AS OF FRONTIER";
        }
        String image = MillraceParserImplConstants.tokenImage[kind];
        boolean literal = image.length() > 2 && image.startsWith("\"") && image.endsWith("\"");
        return literal ? image.substring(1, image.length() - 1).replace("\\", "") : image;
    }

    /// Many texts are of this kind, such as names or numbers, or none that a person writes.
    static boolean isClass(int kind) {
        if (kind == MillraceParserImplConstants.AS_OF_FRONTIER) {
            return false;
        }
        return MillraceParserImplConstants.tokenImage[kind].startsWith("<")
                || kind == MillraceParserImplConstants.HINT_BEG;
    }
}
