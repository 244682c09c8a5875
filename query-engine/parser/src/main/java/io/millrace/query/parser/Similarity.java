package io.millrace.query.parser;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Finds the word that was meant.
///
/// The distance counts letters inserted, left out or changed, and neighbours swapped, each as one (optimal
/// string alignment). One mistake is forgiven in words of three letters, two in words of six.
final class Similarity {
    private Similarity() {}

    static @Nullable String closest(String word, Collection<String> candidates) {
        String upper = word.toUpperCase(Locale.ROOT);
        String closest = null;
        int leastDistance = upper.length() < 3 ? 0 : upper.length() < 6 ? 1 : 2;
        for (String candidate : candidates) {
            if (Math.abs(candidate.length() - upper.length()) > leastDistance || candidate.length() < 3) {
                continue;
            }
            int distance = distance(upper, candidate);
            if (distance <= leastDistance && (closest == null || distance < leastDistance)) {
                closest = candidate;
                leastDistance = distance;
            }
        }
        return closest;
    }

    private static int distance(String left, String right) {
        int[][] distances = new int[left.length() + 1][right.length() + 1];
        for (int i = 0; i <= left.length(); i++) {
            for (int j = 0; j <= right.length(); j++) {
                if (i == 0 || j == 0) {
                    distances[i][j] = i + j;
                    continue;
                }
                int change = left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1;
                int least = Math.min(distances[i - 1][j] + 1, distances[i][j - 1] + 1);
                least = Math.min(least, distances[i - 1][j - 1] + change);
                boolean swapped = i > 1
                        && j > 1
                        && left.charAt(i - 1) == right.charAt(j - 2)
                        && left.charAt(i - 2) == right.charAt(j - 1);
                distances[i][j] = swapped ? Math.min(least, distances[i - 2][j - 2] + 1) : least;
            }
        }
        return distances[left.length()][right.length()];
    }
}
