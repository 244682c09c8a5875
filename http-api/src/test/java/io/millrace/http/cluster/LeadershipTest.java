package io.millrace.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Failures;
import io.millrace.http.route.HttpFailure;
import io.millrace.replication.ReplicatedLog;
import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LeadershipTest {
    /// A log that nobody leads here, and that knows `leader`.
    private static HttpFailure refusal(@Nullable String leader) {
        ReplicatedLog log = (ReplicatedLog) Proxy.newProxyInstance(
                LeadershipTest.class.getClassLoader(),
                new Class<?>[] {ReplicatedLog.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "leads" -> false;
                    case "leader" -> Optional.ofNullable(leader);
                    default -> throw new UnsupportedOperationException(method.getName());
                });
        Leadership leadership =
                new Leadership(log, "n1", new Peers("", null), node -> Optional.of("http://" + node), new Metrics());
        return Objects.requireNonNull(leadership.refusal());
    }

    @Test
    void aWriteIsSentToTheNodeThatLeads() {
        HttpFailure refusal = refusal("n2");

        assertThat(refusal.status()).isEqualTo(ErrorCode.NOT_LEADER.status());
        assertThat(refusal.fields()).containsEntry(Failures.LEADER, "n2");
    }

    @Test
    void aNodeThatIsElectedAndDoesNotLeadYetSendsNobodyToItself() {
        for (String leader : new @Nullable String[] {"n1", null}) {
            HttpFailure refusal = refusal(leader);

            assertThat(refusal.status()).as("with %s", leader).isEqualTo(ErrorCode.NO_LEADER.status());
        }
    }
}
