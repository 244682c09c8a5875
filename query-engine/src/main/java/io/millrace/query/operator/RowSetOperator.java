package io.millrace.query.operator;

import io.millrace.query.data.Schema;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;

/// An operator whose whole state is one [RowSet], and whose output holds each row once.
abstract class RowSetOperator extends Operator {
    final RowSet set;

    RowSetOperator(Schema schema, List<Operator> inputs, RowSet set) {
        super(schema, inputs);
        this.set = set;
    }

    @Override
    public boolean consolidated() {
        return true;
    }

    @Override
    public long stateRows() {
        return set.rows().size();
    }

    @Override
    public long stateBytes() {
        return set.bytes();
    }

    @Override
    public void save(DataOutput out) throws IOException {
        set.save(out);
    }

    @Override
    public void restore(DataInput in) throws IOException {
        set.restore(in);
    }
}
