/// Millrace's own statements and clauses as Calcite nodes.
///
/// Enter at [io.millrace.query.parser.node.SqlStatement], the sealed parent of every statement that Calcite
/// does not have. Each node can write itself as SQL ([org.apache.calcite.sql.SqlNode#unparse]), and what it
/// writes parses to the same node again. Nodes hold what was *written*: names are not looked up, types not
/// resolved, defaults not filled in.
@NullMarked
package io.millrace.query.parser.node;

import org.jspecify.annotations.NullMarked;
