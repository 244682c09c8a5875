package io.millrace.faults.load;

/// What a client knows of its write once it has an answer, or none.
enum Outcome {
    ACKNOWLEDGED,
    REFUSED,
    UNKNOWN
}
