package io.millrace.shell.run;

import io.millrace.client.Catalog;
import io.millrace.client.Column;
import io.millrace.shell.parse.SqlScanner;
import io.millrace.shell.parse.SqlWords;
import io.millrace.shell.parse.StatementSplitter;
import io.millrace.shell.parse.Token;
import io.millrace.shell.terminal.Assistance;
import io.millrace.shell.terminal.Suggestion;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/// Which words may come next.
///
/// | before the cursor | suggested |
/// |-------------------|-----------|
/// | nothing, or `;` | words that begin statements |
/// | a backslash | commands |
/// | FROM, JOIN, INTO, UPDATE, TABLE, DESCRIBE … | streams, tables, views, topics |
/// | `name.` | columns of that relation, or of the one that has this alias |
/// | anything else | columns of the relations in the statement, relations, keywords, functions |
final class Completion implements Assistance {
    private static final Set<String> BEFORE_RELATION =
            Set.of("FROM", "JOIN", "INTO", "UPDATE", "TABLE", "STREAM", "VIEW", "DESCRIBE", "DESC", "TOPIC");

    private final Supplier<Catalog> catalog;
    private final List<String> commands;

    Completion(Supplier<Catalog> catalog, List<String> commands) {
        this.catalog = catalog;
        this.commands = List.copyOf(commands);
    }

    @Override
    public boolean isComplete(String text) {
        return StatementSplitter.isComplete(text);
    }

    @Override
    public int wordStart(String before) {
        int start = before.length();
        while (start > 0 && (SqlScanner.isNamePart(before.charAt(start - 1)) || before.charAt(start - 1) == '-')) {
            start--;
        }
        if (start > 0 && before.charAt(start - 1) == '\\') {
            return start - 1;
        }
        while (start < before.length() && before.charAt(start) == '-') {
            start++;
        }
        return start;
    }

    @Override
    public List<Suggestion> suggest(String before) {
        int wordStart = wordStart(before);
        String word = before.substring(wordStart);
        String left = before.substring(0, wordStart);
        String line = before.substring(before.lastIndexOf('\n') + 1).stripLeading();
        List<Suggestion> suggestions = new ArrayList<>();
        if (word.startsWith("\\")) {
            commands.forEach(name -> suggestions.add(new Suggestion("\\" + name, "commands", true)));
            return suggestions;
        }
        if (line.startsWith("\\")) {
            relations(suggestions);
            return suggestions;
        }
        List<Token> tokens = meaningful(left);
        if (tokens.isEmpty()) {
            SqlWords.STATEMENTS.forEach(
                    words -> suggestions.add(new Suggestion(likeTyped(words, word), "statements", true)));
            return suggestions;
        }
        Token last = tokens.getLast();
        String lastWord = last.text(left).toUpperCase(Locale.ROOT);
        if (lastWord.equals(".") && tokens.size() > 1) {
            String qualifier = unquoted(tokens.get(tokens.size() - 2).text(left));
            columnsOf(aliases(tokens, left).getOrDefault(qualifier, qualifier), suggestions);
            return suggestions;
        }
        if (last.kind() == Token.Kind.WORD && BEFORE_RELATION.contains(lastWord)) {
            relations(suggestions);
            return suggestions;
        }
        Set<String> mentioned = Set.copyOf(aliases(meaningful(before), before).values());
        mentioned.forEach(relation -> columnsOf(relation, suggestions));
        relations(suggestions);
        SqlWords.KEYWORDS.forEach(
                keyword -> suggestions.add(new Suggestion(likeTyped(keyword, word), "keywords", true)));
        SqlWords.FUNCTIONS.forEach(
                function -> suggestions.add(new Suggestion(likeTyped(function, word), "functions", false)));
        return suggestions;
    }

    /// Who types in lower case gets lower case.
    private static String likeTyped(String words, String typed) {
        boolean lower = !typed.isEmpty() && typed.chars().noneMatch(Character::isUpperCase);
        return lower ? words.toLowerCase(Locale.ROOT) : words;
    }

    private void relations(List<Suggestion> suggestions) {
        for (Catalog.Relation relation : catalog.get().relations()) {
            suggestions.add(new Suggestion(quoted(relation.name()), relation.kind() + "s", true));
        }
    }

    private void columnsOf(String relationName, List<Suggestion> suggestions) {
        for (Catalog.Relation relation : catalog.get().relations()) {
            if (relation.name().equalsIgnoreCase(relationName)) {
                for (Column column : relation.columns()) {
                    suggestions.add(new Suggestion(quoted(column.name()), "columns", false));
                }
            }
        }
    }

    private static String quoted(String name) {
        boolean plain = !name.isEmpty()
                && name.equals(name.toLowerCase(Locale.ROOT))
                && (Character.isLetter(name.charAt(0)) || name.charAt(0) == '_')
                && name.chars().allMatch(c -> SqlScanner.isNamePart((char) c));
        return plain ? name : "\"" + name.replace("\"", "\"\"") + "\"";
    }

    private static String unquoted(String name) {
        return name.startsWith("\"") && name.endsWith("\"") && name.length() > 1
                ? name.substring(1, name.length() - 1).replace("\"\"", "\"")
                : name.toLowerCase(Locale.ROOT);
    }

    /// The tokens of the statement that the text ends in, without blanks and comments.
    private static List<Token> meaningful(String text) {
        List<Token> tokens = new ArrayList<>();
        for (Token token : SqlScanner.scan(text)) {
            switch (token.kind()) {
                case SPACE, COMMENT -> {}
                case SYMBOL -> {
                    if (text.charAt(token.start()) == ';') {
                        tokens.clear();
                    } else {
                        tokens.add(token);
                    }
                }
                case WORD, QUOTED_NAME, STRING, NUMBER, UNFINISHED -> tokens.add(token);
            }
        }
        return tokens;
    }

    /// Aliases, and the relations themselves, to relation names: `FROM orders o` gives both `orders` and `o`.
    private static Map<String, String> aliases(List<Token> tokens, String text) {
        Map<String, String> aliases = new LinkedHashMap<>();
        for (int i = 0; i + 1 < tokens.size(); i++) {
            String word = tokens.get(i).text(text).toUpperCase(Locale.ROOT);
            if (tokens.get(i).kind() != Token.Kind.WORD || !BEFORE_RELATION.contains(word)) {
                continue;
            }
            Token name = tokens.get(i + 1);
            if (!isName(name, text)) {
                continue;
            }
            String relation = unquoted(name.text(text));
            aliases.put(relation, relation);
            int next = i + 2;
            if (next < tokens.size() && tokens.get(next).text(text).equalsIgnoreCase("AS")) {
                next++;
            }
            if (next < tokens.size() && isName(tokens.get(next), text)) {
                aliases.put(unquoted(tokens.get(next).text(text)), relation);
            }
        }
        return aliases;
    }

    private static boolean isName(Token token, String text) {
        return token.kind() == Token.Kind.QUOTED_NAME
                || token.kind() == Token.Kind.WORD && !SqlWords.isKeyword(token.text(text));
    }
}
