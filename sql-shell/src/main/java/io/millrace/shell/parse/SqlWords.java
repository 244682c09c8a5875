package io.millrace.shell.parse;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/// The words of the dialect, for completion and colours. A word missing here is only not coloured.
public final class SqlWords {
    private SqlWords() {}

    /// Words that begin a statement.
    public static final List<String> STATEMENTS = List.of(
            "ALTER",
            "CREATE MATERIALIZED VIEW",
            "CREATE STREAM",
            "CREATE TABLE",
            "CREATE VIEW",
            "DELETE FROM",
            "DESCRIBE",
            "DROP MATERIALIZED VIEW",
            "DROP STREAM",
            "DROP TABLE",
            "DROP VIEW",
            "EXPLAIN",
            "EXPLAIN ANALYZE",
            "EXPLAIN STATE",
            "INSERT INTO",
            "PAUSE QUERY",
            "RESUME QUERY",
            "SELECT",
            "SET",
            "SHOW FUNCTIONS",
            "SHOW QUERIES",
            "SHOW STREAMS",
            "SHOW TABLES",
            "SHOW TOPICS",
            "SHOW VIEWS",
            "UPDATE",
            "VALUES",
            "VERIFY QUERY",
            "WITH");

    /// Built-in functions and types.
    public static final Set<String> FUNCTIONS = set(
            "ABS AVG CAST CEIL CHAR_LENGTH COALESCE CONCAT COUNT CUMULATE DATE_TRUNC DENSE_RANK DESCRIPTOR EXP EXTRACT"
                    + " FIRST_VALUE FLOOR GREATEST HOP JSON_EXISTS JSON_QUERY JSON_VALUE LAG LAST_VALUE LEAD LEAST"
                    + " LISTAGG LN LOWER MAX MIN MOD NTILE NULLIF OVERLAY POSITION POWER RANK REGEXP_LIKE REPLACE"
                    + " ROUND ROW_NUMBER SESSION SIGN SQRT STDDEV_POP STDDEV_SAMP SUBSTRING SUM TRIM TRUNCATE TUMBLE"
                    + " UPPER VAR_POP VAR_SAMP");

    /// Reserved and other words with a meaning.
    public static final Set<String> KEYWORDS =
            set("AFTER ALL ALTER ANALYZE AND ANTI ANY ARRAY AS ASC BETWEEN BIGINT BOOLEAN BOTH BY BYTEA CASE CHANGES"
                    + " CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATE DAY DECIMAL DEFAULT DELAY"
                    + " DELETE DESC DESCRIBE DISTINCT DOUBLE DROP ELSE EMIT END ESCAPE EVERY EXCEPT EXISTS EXPLAIN"
                    + " FALSE FETCH FILTER FINAL FIRST FOLLOWING FOR FROM FRONTIER FULL FUNCTIONS GROUP GROUPING"
                    + " HAVING HOUR IF ILIKE IN INNER INSERT INTEGER INTERSECT INTERVAL INTO IS JOIN JSON KEY LAST"
                    + " LATERAL LEADING LEFT LIKE LIMIT MAP MATERIALIZED MINUTE MONTH NATURAL NEXT NOT NULL NULLS OF"
                    + " OFFSET ON ONLY OR ORDER OUTER OVER PARTITION PAUSE PLAN PRECEDING PRECISION PRIMARY QUERIES"
                    + " QUERY RANGE REAL REPLACE RESUME RIGHT ROW ROWS SECOND SELECT SEMI SET SETS SHOW SMALLINT SOME"
                    + " STATE STREAM STREAMS TABLE TABLES TEXT THEN TIME TIMESTAMP TIMESTAMPTZ TO TOPIC TOPICS"
                    + " TRAILING TRUE UNBOUNDED UNION UNIQUE UNNEST UPDATE USING UUID VALUES VARBINARY VARCHAR VARIANT"
                    + " VERIFY VIEW VIEWS WATERMARK WHEN WHERE WINDOW WITH YEAR");

    private static Set<String> set(String words) {
        return new TreeSet<>(List.of(words.split(" ")));
    }

    public static boolean isKeyword(String word) {
        return KEYWORDS.contains(word.toUpperCase(Locale.ROOT));
    }

    public static boolean isFunction(String word) {
        return FUNCTIONS.contains(word.toUpperCase(Locale.ROOT));
    }
}
