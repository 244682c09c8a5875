package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.cluster.Identity;
import io.millrace.http.node.Formation.Step;
import io.millrace.replication.GroupLayout;
import io.millrace.replication.Member;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The table in [Formation], row by row.
class FormationTest {
    private static final List<String> NODES = List.of("n1", "n2", "n3");

    private static Member member(String node, String directory) {
        return new Member(node, directory, node + ":7000", "http://" + node + ":7001");
    }

    private static Identity fresh(String node, String directory) {
        return new Identity(member(node, directory), false, NODES, List.of(), new GroupLayout(1, false));
    }

    private static Identity formed(String node, String directory, Member... members) {
        return new Identity(member(node, directory), true, NODES, List.of(members), new GroupLayout(1, false));
    }

    private static Map<String, Identity> answers(Identity... identities) {
        Map<String, Identity> answers = new LinkedHashMap<>();
        for (Identity identity : identities) {
            answers.put(identity.self().nodeId(), identity);
        }
        return answers;
    }

    @Test
    void freshNodesFormWhenAllHaveAnswered() {
        Step step = Formation.decide(fresh("n1", "a"), answers(fresh("n2", "b"), fresh("n3", "c")), List.of());
        assertThat(step).isEqualTo(new Step.Form(List.of(member("n1", "a"), member("n2", "b"), member("n3", "c"))));
    }

    @Test
    void aMajorityOfFreshNodesIsNotEnough() {
        Step step = Formation.decide(fresh("n1", "a"), answers(fresh("n2", "b")), List.of("waiting for n3"));
        assertThat(step).isEqualTo(new Step.Wait(List.of("waiting for n3")));
    }

    @Test
    void aNodeThatOthersWereFasterThanFormsWithTheSameMembers() {
        Member[] members = {member("n1", "a"), member("n2", "b"), member("n3", "c")};
        Step step = Formation.decide(fresh("n1", "a"), answers(formed("n2", "b", members)), List.of("n3 is silent"));
        assertThat(step).isEqualTo(new Step.Form(List.of(members)));
    }

    @Test
    void aWipedNodeJoinsAndNeverForms() {
        Member[] members = {member("n1", "before"), member("n2", "b"), member("n3", "c")};
        Step step = Formation.decide(
                fresh("n1", "after"), answers(formed("n2", "b", members), fresh("n3", "c")), List.of());
        assertThat(step).isEqualTo(new Step.Join("http://n2:7001"));
    }

    @Test
    void aNewNodeJoinsASingleOneThatHasAlwaysBeenThere() {
        Step step = Formation.decide(
                fresh("n2", "b"), answers(formed("n1", "a", member("n1", "a"))), List.of("n3 is silent"));
        assertThat(step).isEqualTo(new Step.Join("http://n1:7001"));
    }

    @Test
    void nodesThatWereStartedWithDifferentListsWait() {
        Identity other =
                new Identity(member("n2", "b"), false, List.of("n1", "n2"), List.of(), new GroupLayout(1, false));
        Step step = Formation.decide(fresh("n1", "a"), answers(other, fresh("n3", "c")), List.of());
        assertThat(step).isInstanceOf(Step.Wait.class);
        assertThat(((Step.Wait) step).reasons())
                .singleElement()
                .asString()
                .contains("node n2 was started with nodes [n1, n2]");
    }

    @Test
    void nodesThatDivideTheirDataDifferentlyWait() {
        Identity other = new Identity(member("n2", "b"), false, NODES, List.of(), new GroupLayout(2, false));
        assertThat(reason(other)).contains("node n2 has raft.groups 2, this one 1");
        Identity apart = new Identity(member("n2", "b"), false, NODES, List.of(), new GroupLayout(2, true));
        Identity here = new Identity(member("n1", "a"), false, NODES, List.of(), new GroupLayout(2, false));
        assertThat(Formation.decide(here, answers(apart), List.of()))
                .isInstanceOfSatisfying(
                        Step.Wait.class,
                        wait -> assertThat(wait.reasons())
                                .singleElement()
                                .asString()
                                .contains("node n2 was started with raft.replication-factor, this one without it"));
    }

    private static String reason(Identity other) {
        return String.join("; ", ((Step.Wait) Formation.decide(fresh("n1", "a"), answers(other), List.of())).reasons());
    }
}
