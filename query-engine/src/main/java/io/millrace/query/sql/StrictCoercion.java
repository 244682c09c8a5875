package io.millrace.query.sql;

import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.sql.SqlCallBinding;
import org.apache.calcite.sql.type.SqlTypeFamily;
import org.apache.calcite.sql.type.SqlTypeUtil;
import org.apache.calcite.sql.validate.SqlValidator;
import org.apache.calcite.sql.validate.implicit.TypeCoercionImpl;
import org.jspecify.annotations.Nullable;

/// Calcite's silent casts without those between text and numbers: `item = 5` is a mistake, not a cast that
/// fails at run time.
final class StrictCoercion extends TypeCoercionImpl {
    StrictCoercion(RelDataTypeFactory types, SqlValidator validator) {
        super(types, validator);
    }

    @Override
    public @Nullable RelDataType implicitCast(RelDataType from, SqlTypeFamily expected) {
        boolean textToNumber = SqlTypeUtil.isCharacter(from)
                && (expected == SqlTypeFamily.NUMERIC
                        || expected == SqlTypeFamily.INTEGER
                        || expected == SqlTypeFamily.EXACT_NUMERIC
                        || expected == SqlTypeFamily.APPROXIMATE_NUMERIC
                        || expected == SqlTypeFamily.DECIMAL
                        || expected == SqlTypeFamily.BOOLEAN);
        boolean otherToText = !SqlTypeUtil.isCharacter(from)
                && !SqlTypeUtil.isNull(from)
                && (expected == SqlTypeFamily.CHARACTER || expected == SqlTypeFamily.STRING);
        return textToNumber || otherToText ? null : super.implicitCast(from, expected);
    }

    @Override
    public boolean binaryArithmeticCoercion(SqlCallBinding binding) {
        return !mixesTextAndNumbers(binding) && super.binaryArithmeticCoercion(binding);
    }

    @Override
    public boolean binaryComparisonCoercion(SqlCallBinding binding) {
        return !mixesTextAndNumbers(binding) && super.binaryComparisonCoercion(binding);
    }

    @Override
    public boolean caseWhenCoercion(SqlCallBinding binding) {
        return !mixesTextAndNumbers(binding) && super.caseWhenCoercion(binding);
    }

    @Override
    public boolean caseOrEquivalentCoercion(SqlCallBinding binding) {
        return !mixesTextAndNumbers(binding) && super.caseOrEquivalentCoercion(binding);
    }

    @Override
    public @Nullable RelDataType commonTypeForBinaryComparison(
            @Nullable RelDataType left, @Nullable RelDataType right) {
        return left != null && right != null && textAndNumber(left, right)
                ? null
                : super.commonTypeForBinaryComparison(left, right);
    }

    private static boolean mixesTextAndNumbers(SqlCallBinding binding) {
        boolean text = false;
        boolean number = false;
        for (int i = 0; i < binding.getOperandCount(); i++) {
            RelDataType type;
            try {
                type = binding.getOperandType(i);
            } catch (IllegalStateException listOperand) {
                continue; // the node lists of CASE have no type of their own
            }
            text |= SqlTypeUtil.isCharacter(type);
            number |= SqlTypeUtil.isNumeric(type);
        }
        return text && number;
    }

    private static boolean textAndNumber(RelDataType left, RelDataType right) {
        return (SqlTypeUtil.isCharacter(left) && SqlTypeUtil.isNumeric(right))
                || (SqlTypeUtil.isNumeric(left) && SqlTypeUtil.isCharacter(right));
    }
}
