package io.millrace.query.plan;

import io.millrace.query.data.ColumnType;

/// One aggregate.
///
/// @param argument input column, −1 for COUNT(*)
/// @param argument2 second argument (separator column of STRING_AGG, key of MIN_BY …), −1 for none
/// @param filter BOOLEAN input column that must be true, −1 for none
public record AggregateCall(
        Function function, int argument, int argument2, boolean distinct, int filter, ColumnType type) {
    public enum Function {
        /// rows, or rows whose argument is not null
        COUNT,
        /// NULL over no values; whole numbers give BIGINT and overflow is an error of the row's group
        SUM,
        /// SUM that is 0 over no values
        SUM0,
        /// DOUBLE for whole numbers and doubles, DECIMAL for decimals
        AVG,
        MIN,
        MAX,
        VAR_POP,
        VAR_SAMP,
        STDDEV_POP,
        STDDEV_SAMP,
        BOOL_AND,
        BOOL_OR,
        /// the argument's values, sorted, as an array
        ARRAY_AGG,
        /// the only value; more than one is an error
        SINGLE_VALUE,
        /// any value, but the same one each time: the smallest
        ANY_VALUE
    }
}
