package io.millrace.faults;

import io.millrace.faults.check.Violation.Kind;
import io.millrace.faults.load.Lie;
import io.millrace.faults.stage.Need;
import io.millrace.faults.stage.Setup;
import io.millrace.faults.stage.Stage;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One kind of fault.
///
/// @param name as on the command line
/// @param what happens, in a few words
/// @param countsFrom the moment from which "writes resume after" is counted
/// @param nodesMin with fewer nodes the row makes no sense
/// @param needs of the machine
/// @param round breaks something, waits, repairs it, and says when it waits for writes to resume
/// @param planted a bug that this row must notice
/// @param course how it begins, and what clients may notice
public record Row(
        String name,
        String what,
        String countsFrom,
        int nodesMin,
        Set<Need> needs,
        Round round,
        Planted planted,
        Course course) {
    public Row {
        needs = Set.copyOf(needs);
    }

    Row(String name, String what, String countsFrom, int nodesMin, Set<Need> needs, Round round, Planted planted) {
        this(name, what, countsFrom, nodesMin, needs, round, planted, Course.BROKEN);
    }

    /// How a row begins, and what clients may notice.
    public enum Course {
        /// Something breaks.
        BROKEN,
        /// Something that people do to a cluster that is used: a client that retries must not notice.
        PLANNED,
        /// The same, beginning with a single node.
        GROWING,
        /// The same, beginning with three.
        RESIZING,
        /// Groups move between nodes while something breaks.
        MOVING;

        /// @param nodes that the campaign has
        int firstNodes(int nodes) {
            return switch (this) {
                case BROKEN, PLANNED, MOVING -> nodes;
                case GROWING -> 1;
                case RESIZING -> RESIZED_FROM;
            };
        }
    }

    static final int RESIZED_FROM = 3;

    /// Why a cluster of this kind cannot run the row; empty when it can.
    String obstacle(int nodes, Setup setup) {
        if (nodes < nodesMin) {
            return "needs " + nodesMin + " nodes";
        }
        if (course == Course.MOVING && (!setup.isPlaced() || setup.replicationFactor() >= nodes)) {
            return "needs --replication-factor, less than the nodes, so that groups have somewhere to go";
        }
        return "";
    }

    /// A fault and its repair, while clients go on.
    @FunctionalInterface
    public interface Round {
        void run(Stage stage) throws IOException, InterruptedException;
    }

    /// A bug, by a lie between clients and nodes or by a round that does what a bug would do to the files.
    ///
    /// @param caughtAs violations of which one must be found
    /// @param lie null for none
    /// @param round in place of the row's own; null for the row's own
    /// @param needs of the machine, beyond the row's
    public record Planted(
            String what,
            Set<Kind> caughtAs,
            @Nullable Lie lie,
            @Nullable Round round,
            Set<Need> needs) {
        public Planted {
            caughtAs = Set.copyOf(caughtAs);
            needs = Set.copyOf(needs);
        }

        static Planted lie(String what, Lie lie) {
            return new Planted(what, Set.of(lie.caughtAs()), lie, null, Set.of());
        }

        static Planted round(String what, Set<Kind> caughtAs, Set<Need> needs, Round round) {
            return new Planted(what, caughtAs, null, round, needs);
        }
    }
}
