package io.millrace.query.worker;

import io.millrace.log.RecordBuffer;
import io.millrace.query.InputPort;
import io.millrace.query.OutputPort;
import io.millrace.query.ResultListener;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import io.millrace.query.sql.PlannedStatement.Insert;
import io.millrace.query.sql.PlannedStatement.Query;
import java.util.List;

/// Writes the rows of a query that ends as records of a topic; answers once they are durable.
final class InsertSink implements EndingTask.Sink {
    private final Insert insert;
    private final OutputPort outputs;
    private final ResultListener listener;
    private final TopicWriter writer;
    private final int partitions;
    private long written;

    InsertSink(Insert insert, InputPort inputs, OutputPort outputs, ResultListener listener) {
        this.insert = insert;
        this.outputs = outputs;
        this.listener = listener;
        partitions = inputs.topic(insert.topic())
                .orElseThrow(() -> new SqlException("unknown_topic", "Topic '" + insert.topic() + "' does not exist."))
                .partitions();
        writer = new TopicWriter(
                new RowEncoder(insert.columns()),
                partitions,
                insert.keyColumns(),
                insert.delete(),
                TopicWriter.Spread.EVENLY);
    }

    @Override
    public void begin(Query query) {}

    @Override
    public void rows(Batch rows) {
        Batch named = new Batch(insert.columns());
        named.appendAll(rows);
        written += writer.encode(named, System.currentTimeMillis());
        for (int partition = 0; partition < partitions; partition++) {
            RecordBuffer records = writer.take(partition);
            if (records != null) {
                outputs.append(insert.topic(), partition, records, null).join();
            }
        }
    }

    @Override
    public void end(Execution execution) {
        listener.columns(new Schema(List.of()), List.of());
        listener.complete(execution.frontier(), insert.word() + " " + written);
    }

    @Override
    public void fail(SqlException failure) {
        listener.failed(failure);
    }
}
