/// Text to statements: Calcite's SQL grammar with Millrace's statements added.
///
/// Enter at [io.millrace.query.parser.SqlStatements]. The parser class itself is generated at build time from
/// Calcite's template and `src/main/codegen`; the nodes it makes are in [io.millrace.query.parser.node].
/// Nothing here knows a catalogue: names are not looked up.
@NullMarked
package io.millrace.query.parser;

import org.jspecify.annotations.NullMarked;
