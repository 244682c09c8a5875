package io.millrace.http.auth;

import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Scope;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The tokens that a node accepts. Only their SHA-256 is kept, and comparing takes the same time whichever
/// token it is.
///
/// Threading: immutable.
public final class Tokens {
    private static final int TOKEN_LENGTH_MIN = 8;
    private static final String BEARER = "Bearer ";

    private final List<Known> known;

    @SuppressWarnings("ArrayRecordComponent") // a digest; compared by MessageDigest.isEqual only
    private record Known(byte[] digest, Token token) {}

    private Tokens(List<Known> known) {
        this.known = List.copyOf(known);
    }

    /// No tokens: everybody may do everything.
    public static Tokens open() {
        return new Tokens(List.of());
    }

    /// Reads `SECRET[:scope+scope[:topic-prefix]]`, separated by commas; without scopes a token may do
    /// everything.
    ///
    /// @throws IllegalArgumentException it is malformed; the message does not repeat the secret
    public static Tokens parse(String text) {
        List<Known> known = new ArrayList<>();
        for (String entry : text.split(",")) {
            if (entry.isBlank()) {
                continue;
            }
            String[] parts = entry.strip().split(":", 3);
            int number = known.size() + 1;
            if (parts[0].length() < TOKEN_LENGTH_MIN) {
                throw new IllegalArgumentException("token %d has %d characters; at least %d are needed"
                        .formatted(number, parts[0].length(), TOKEN_LENGTH_MIN));
            }
            Set<Scope> scopes =
                    parts.length > 1 && !parts[1].isBlank() ? scopes(parts[1], number) : EnumSet.of(Scope.ADMIN);
            known.add(new Known(
                    digest(parts[0]), new Token("token-" + number, scopes, parts.length > 2 ? parts[2] : "")));
        }
        return new Tokens(known);
    }

    private static Set<Scope> scopes(String text, int number) {
        Set<Scope> scopes = EnumSet.noneOf(Scope.class);
        for (String word : text.split("\\+")) {
            try {
                scopes.add(Scope.valueOf(word.strip().toUpperCase(Locale.ROOT)));
            } catch (IllegalArgumentException unknown) {
                throw new IllegalArgumentException(
                        "token %d has the unknown scope '%s'; known: produce, consume, query, admin"
                                .formatted(number, word));
            }
        }
        return scopes;
    }

    public boolean isOpen() {
        return known.isEmpty();
    }

    public int count() {
        return known.size();
    }

    /// The token behind an `Authorization` header.
    ///
    /// @throws HttpFailure `unauthorized`
    public Token authenticate(@Nullable String authorization) {
        if (isOpen()) {
            return Token.OPEN;
        }
        if (authorization == null) {
            throw unauthorized("This node needs a token: send 'Authorization: Bearer …'.");
        }
        if (!authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            throw unauthorized("The Authorization header must be 'Bearer …'.");
        }
        byte[] digest = digest(authorization.substring(BEARER.length()).strip());
        Token found = null;
        for (Known candidate : known) {
            if (MessageDigest.isEqual(candidate.digest(), digest)) {
                found = candidate.token();
            }
        }
        if (found == null) {
            throw unauthorized("This token is not known.");
        }
        return found;
    }

    private static HttpFailure unauthorized(String message) {
        return new HttpFailure(ErrorCode.UNAUTHORIZED, message).withHeader("WWW-Authenticate", "Bearer");
    }

    private static byte[] digest(String secret) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every Java platform has SHA-256", missing);
        }
    }
}
