package io.millrace.replication.ratis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.CorruptLogException;
import io.millrace.replication.Member;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FoundersTest {
    private static final Member ONE = new Member("n1", "0123456789", "h:1", "http://h:2");
    private static final Member TWO = new Member("n2", "abcdefghij", "h:3", "");
    private static final Member LATER = new Member("n3", "zzzzzzzzzz", "h:5", "");

    @TempDir
    Path folder;

    private List<String> founders(List<Member> members) throws IOException {
        return Founders.of(folder, members).stream()
                .map(peer -> peer.getId() + " " + peer.getAddress())
                .toList();
    }

    private void open() throws IOException {
        Files.createDirectories(
                folder.resolve(RunningServer.groupId(0).getUuid().toString()));
    }

    @Test
    void thoseWhoMadeTheClusterStayItsFoundersWhoeverComesLater() throws Exception {
        assertThat(founders(List.of(ONE, TWO))).containsExactly("n1@01234567 h:1", "n2@abcdefgh h:3");
        open();
        assertThat(founders(List.of(ONE, TWO, LATER))).containsExactly("n1@01234567 h:1", "n2@abcdefgh h:3");
        Member moved = new Member("n2", "abcdefghij", "elsewhere:7", "");
        assertThat(founders(List.of(ONE, moved, LATER))).containsExactly("n1@01234567 h:1", "n2@abcdefgh elsewhere:7");
    }

    @Test
    void aNodeThatJoinedHasNoneHoweverManyMembersItKnowsLater() throws Exception {
        assertThat(founders(List.of())).isEmpty();
        open();
        assertThat(founders(List.of(ONE, TWO, LATER))).isEmpty();
    }

    @Test
    void aFounderThatDiedBeforeItsFirstGroupBeginsAgain() throws Exception {
        assertThat(founders(List.of(ONE))).hasSize(1);
        assertThat(founders(List.of(ONE, LATER))).as("written once").hasSize(1);
    }

    @Test
    void aFlippedBitIsFound() throws Exception {
        founders(List.of(ONE, TWO));
        byte[] bytes = Files.readAllBytes(folder.resolve("founders"));
        for (int at = 0; at < bytes.length - 1; at++) {
            byte[] flipped = bytes.clone();
            flipped[at] ^= 2;
            Files.write(folder.resolve("founders"), flipped);
            assertThatThrownBy(() -> Founders.of(folder, List.of()))
                    .as("byte %d", at)
                    .isInstanceOf(CorruptLogException.class);
        }
    }
}
