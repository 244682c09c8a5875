/// Continuous and one-off SQL over the topics of a log.
///
/// Enter at [QueryEngine]. What the engine needs of the world stands in three ports: [InputPort] (topics to
/// read),
/// [OutputPort] (results to write) and [CatalogPort] (definitions to keep). Changes travel as [ChangeBatch]es:
/// columnar
/// rows with integer weights. Calcite parses and plans and stays inside; nothing here knows of replication or
/// HTTP.
@NullMarked
package io.millrace.query;

import org.jspecify.annotations.NullMarked;
