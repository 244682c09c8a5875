package io.millrace.http.auth;

import io.millrace.http.route.Scope;
import java.util.Set;

/// What a bearer of a token may do.
///
/// @param name shown in logs instead of the token
/// @param scopes `ADMIN` includes every other
/// @param topicPrefix start of the names of the topics it covers; empty for all
public record Token(String name, Set<Scope> scopes, String topicPrefix) {
    /// Everything, for a node without tokens.
    public static final Token OPEN = new Token("open", Set.of(Scope.ADMIN), "");

    public Token {
        scopes = Set.copyOf(scopes);
    }

    public boolean allows(Scope scope) {
        return scope == Scope.PUBLIC || scopes.contains(scope) || scopes.contains(Scope.ADMIN);
    }

    public boolean covers(String topic) {
        return topic.startsWith(topicPrefix);
    }
}
