package io.millrace.query.sql;

import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.sql.SqlCallBinding;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.fun.SqlCase;
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
        refuse(binding, operandTypes(binding), "compared");
        return super.binaryComparisonCoercion(binding);
    }

    @Override
    public boolean caseWhenCoercion(SqlCallBinding binding) {
        refuse(binding, operandTypes(binding), "the results of one CASE");
        return super.caseWhenCoercion(binding);
    }

    @Override
    public boolean caseOrEquivalentCoercion(SqlCallBinding binding) {
        refuse(binding, operandTypes(binding), "the results of one expression");
        return super.caseOrEquivalentCoercion(binding);
    }

    @Override
    public boolean inOperationCoercion(SqlCallBinding binding) {
        if (binding.operand(1) instanceof SqlNodeList list) {
            List<RelDataType> types = new ArrayList<>();
            types.add(binding.getValidator().deriveType(binding.getScope(), binding.operand(0)));
            for (SqlNode member : list) {
                types.add(binding.getValidator().deriveType(binding.getScope(), member));
            }
            refuse(binding, types, "compared");
        }
        return super.inOperationCoercion(binding);
    }

    @Override
    public @Nullable RelDataType commonTypeForBinaryComparison(
            @Nullable RelDataType left, @Nullable RelDataType right) {
        return left != null && right != null && textAndNumber(left, right)
                ? null
                : super.commonTypeForBinaryComparison(left, right);
    }

    private static boolean mixesTextAndNumbers(SqlCallBinding binding) {
        return mixes(operandTypes(binding));
    }

    private static List<RelDataType> operandTypes(SqlCallBinding binding) {
        List<RelDataType> types = new ArrayList<>();
        if (binding.getCall() instanceof SqlCase choice) {
            // its operands are lists; what must agree are the results
            for (SqlNode branch : choice.getThenOperands()) {
                types.add(binding.getValidator().deriveType(binding.getScope(), branch));
            }
            SqlNode otherwise = choice.getElseOperand();
            if (otherwise != null) {
                types.add(binding.getValidator().deriveType(binding.getScope(), otherwise));
            }
            return types;
        }
        for (int i = 0; i < binding.getOperandCount(); i++) {
            types.add(binding.getOperandType(i));
        }
        return types;
    }

    private static boolean mixes(List<RelDataType> types) {
        return types.stream().anyMatch(SqlTypeUtil::isCharacter)
                && types.stream().anyMatch(SqlTypeUtil::isNumeric);
    }

    private static void refuse(SqlCallBinding binding, List<RelDataType> types, String deed) {
        if (mixes(types)) {
            throw Problems.at(
                    "type_mismatch",
                    "Texts and numbers cannot be " + deed + ".",
                    binding.getCall(),
                    "Cast one of them: CAST(… AS BIGINT) or CAST(… AS VARCHAR).");
        }
    }

    private static boolean textAndNumber(RelDataType left, RelDataType right) {
        return (SqlTypeUtil.isCharacter(left) && SqlTypeUtil.isNumeric(right))
                || (SqlTypeUtil.isNumeric(left) && SqlTypeUtil.isCharacter(right));
    }
}
