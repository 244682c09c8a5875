package io.millrace.query.plan;

import io.millrace.query.data.Schema;
import org.apache.calcite.rex.RexProgram;

/// A condition and expressions over one input row, with common sub-expressions shared.
///
/// @param rex input row type = `input`, output row type = `output`; its condition may be absent
public record CalcProgram(RexProgram rex, Schema input, Schema output) {}
