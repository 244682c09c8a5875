package io.millrace.http.route;

import java.util.Collection;
import java.util.Locale;

/// "Did you mean …?"
public final class Suggestions {
    private static final int CANDIDATES_MAX = 1000;
    private static final int LENGTH_MAX = 64;

    private Suggestions() {}

    /// ` Did you mean 'orders'?` with the nearest candidate, or nothing when none is near.
    public static String didYouMean(String wanted, Collection<String> candidates) {
        String best = null;
        int bestDistance = Math.max(1, Math.min(3, wanted.length() / 3)) + 1;
        int looked = 0;
        for (String candidate : candidates) {
            if (++looked > CANDIDATES_MAX || wanted.length() > LENGTH_MAX) {
                break;
            }
            int distance = candidate.length() > LENGTH_MAX
                    ? Integer.MAX_VALUE
                    : distance(wanted.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
            if (distance < bestDistance) {
                bestDistance = distance;
                best = candidate;
            }
        }
        return best == null ? "" : " Did you mean '" + best + "'?";
    }

    /// Optimal string alignment: a swap of neighbours costs one.
    static int distance(String left, String right) {
        int[][] cost = new int[left.length() + 1][right.length() + 1];
        for (int i = 0; i <= left.length(); i++) {
            for (int j = 0; j <= right.length(); j++) {
                if (i == 0 || j == 0) {
                    cost[i][j] = i + j;
                    continue;
                }
                boolean same = left.charAt(i - 1) == right.charAt(j - 1);
                cost[i][j] =
                        Math.min(Math.min(cost[i - 1][j] + 1, cost[i][j - 1] + 1), cost[i - 1][j - 1] + (same ? 0 : 1));
                if (i > 1
                        && j > 1
                        && left.charAt(i - 1) == right.charAt(j - 2)
                        && left.charAt(i - 2) == right.charAt(j - 1)) {
                    cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
                }
            }
        }
        return cost[left.length()][right.length()];
    }
}
