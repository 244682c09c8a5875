package io.millrace.query.circuit;

/// A query keeps more state than it may. The query must stop; its state is consistent but of no further use.
public final class StateLimitExceededException extends RuntimeException {
    private static final long serialVersionUID = 1;

    StateLimitExceededException(String operator, long operatorBytes, long bytes, long bytesMax, String hint) {
        super("the query keeps " + bytes + " bytes of state, the limit is " + bytesMax + ". Most is in " + operator
                + " (" + operatorBytes + " bytes). " + hint);
    }
}
