package io.millrace.faults;

import io.millrace.faults.check.Verdict;
import java.util.List;
import java.util.Map;

/// What came of a row.
public sealed interface RowResult {
    Row row();

    /// Whether it keeps `verify` from succeeding.
    boolean isFailure();

    /// The machine or the cluster is not made for it.
    record Skipped(Row row, String reason) implements RowResult {
        @Override
        public boolean isFailure() {
            return false;
        }
    }

    /// The run did not come to its end: something did not recover.
    ///
    /// @param folder with the logs and the history
    record Broken(Row row, long seed, String reason, String folder) implements RowResult {
        @Override
        public boolean isFailure() {
            return true;
        }
    }

    /// @param resumedAfterMs in the order of rounds
    /// @param restarts of nodes that did not recover by themselves
    /// @param answers to writes, by code
    /// @param problems that are no violations but must not be either
    /// @param folder with the logs and the history; empty when all was well and they were deleted
    record Checked(
            Row row,
            long seed,
            Verdict verdict,
            List<Long> resumedAfterMs,
            int restarts,
            Map<String, Long> answers,
            List<String> problems,
            double seconds,
            String folder)
            implements RowResult {
        public Checked {
            resumedAfterMs = List.copyOf(resumedAfterMs);
            answers = Map.copyOf(answers);
            problems = List.copyOf(problems);
        }

        @Override
        public boolean isFailure() {
            return !verdict.isClean() || !problems.isEmpty();
        }
    }

    /// A run with a planted bug, and whether it was noticed as it should be.
    record Proved(Row row, Checked run) implements RowResult {
        boolean isCaught() {
            return row.planted().caughtAs().stream()
                    .anyMatch(kind -> run.verdict().count(kind) > 0);
        }

        @Override
        public boolean isFailure() {
            return !isCaught();
        }
    }
}
