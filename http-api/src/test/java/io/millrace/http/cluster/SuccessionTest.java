package io.millrace.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.replication.Cluster;
import io.millrace.replication.ClusterView;
import io.millrace.replication.Member;
import io.millrace.replication.MembershipOutcome;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// A successor counts once a barrier was answered while it led.
class SuccessionTest {
    private static final long SOON_MS = 30_000;
    private static final long BRIEFLY_MS = 200;

    /// A cluster whose answers are given by the number of the question.
    private abstract static class Scripted implements Cluster {
        private final AtomicInteger asked = new AtomicInteger();
        private volatile int now;

        /// Whether the barrier is answered.
        abstract boolean answers(int question);

        abstract @Nullable String leader(int question);

        @Override
        public CompletableFuture<Void> barrier(int group) {
            now = asked.getAndIncrement();
            return answers(now)
                    ? CompletableFuture.completedFuture(null)
                    : CompletableFuture.failedFuture(new IOException("the leader is not ready"));
        }

        @Override
        public ClusterView view() {
            ClusterView.Group other = new ClusterView.Group(0, "leader", 3, "n9", 0, 0, 1, List.of(), List.of());
            ClusterView.Group group =
                    new ClusterView.Group(1, "follower", 7, leader(now), 0, 0, 2, List.of(), List.of());
            return new ClusterView("n1", List.of(), List.of(), List.of(other, group), List.of());
        }

        @Override
        public Member self() {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletableFuture<MembershipOutcome> add(Member member) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletableFuture<MembershipOutcome> remove(String nodeId) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletableFuture<MembershipOutcome> drain(String nodeId, boolean draining) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletableFuture<MembershipOutcome> transferLeadership(int group, Optional<String> nodeId) {
            throw new UnsupportedOperationException();
        }

        @Override
        public AutoCloseable onChange(Runnable listener) {
            throw new UnsupportedOperationException();
        }
    }

    private static Optional<ClusterView.Group> await(Cluster cluster, @Nullable String successor, long withinMs)
            throws Exception {
        return Succession.await(cluster, 1, successor, withinMs).get(SOON_MS, TimeUnit.MILLISECONDS);
    }

    @Test
    void aLeaderThatAnswersNoBarrierYetIsWaitedFor() throws Exception {
        Scripted cluster = new Scripted() {
            @Override
            boolean answers(int question) {
                return question >= 3;
            }

            @Override
            String leader(int question) {
                return "n2";
            }
        };
        ClusterView.Group seen = await(cluster, "n2", SOON_MS).orElseThrow();
        assertThat(seen.leader()).isEqualTo("n2");
        assertThat(seen.term()).isEqualTo(7);
        assertThat(cluster.asked).hasValue(4);
    }

    @Test
    void aBarrierOfSomebodyElseDoesNotCount() throws Exception {
        Scripted cluster = new Scripted() {
            @Override
            boolean answers(int question) {
                return true;
            }

            @Override
            @Nullable
            String leader(int question) {
                return question == 0 ? null : question == 1 ? "n3" : "n2";
            }
        };
        assertThat(await(cluster, "n2", SOON_MS).orElseThrow().leader()).isEqualTo("n2");
        assertThat(cluster.asked).hasValue(3);
    }

    @Test
    void withoutANameAnybodyWillDo() throws Exception {
        Scripted cluster = new Scripted() {
            @Override
            boolean answers(int question) {
                return true;
            }

            @Override
            @Nullable
            String leader(int question) {
                return question == 0 ? null : "n3";
            }
        };
        assertThat(await(cluster, null, SOON_MS).orElseThrow().leader()).isEqualTo("n3");
    }

    @Test
    void whoIsNotSeenInTimeIsNotClaimedToLead() throws Exception {
        Scripted silent = new Scripted() {
            @Override
            boolean answers(int question) {
                return false;
            }

            @Override
            String leader(int question) {
                return "n2";
            }
        };
        assertThat(await(silent, "n2", BRIEFLY_MS)).isEmpty();
        Scripted led = new Scripted() {
            @Override
            boolean answers(int question) {
                return true;
            }

            @Override
            String leader(int question) {
                return "n3";
            }
        };
        assertThat(await(led, "n2", BRIEFLY_MS)).isEmpty();
    }
}
