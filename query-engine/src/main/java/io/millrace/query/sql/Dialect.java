package io.millrace.query.sql;

import io.millrace.query.parser.SqlStatements;
import java.math.RoundingMode;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.apache.calcite.config.NullCollation;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rel.type.RelDataTypeSystem;
import org.apache.calcite.rel.type.RelDataTypeSystemImpl;
import org.apache.calcite.rel.type.RelProtoDataType;
import org.apache.calcite.sql.SqlFunctionCategory;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlOperatorTable;
import org.apache.calcite.sql.SqlSyntax;
import org.apache.calcite.sql.fun.SqlLibrary;
import org.apache.calcite.sql.fun.SqlLibraryOperatorTableFactory;
import org.apache.calcite.sql.type.SqlTypeFactoryImpl;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.util.SqlOperatorTables;
import org.apache.calcite.sql.validate.SqlNameMatcher;
import org.apache.calcite.sql.validate.SqlNameMatchers;
import org.apache.calcite.sql.validate.SqlValidator;
import org.jspecify.annotations.Nullable;

/// What makes Calcite speak our dialect: types, functions and habits. Built once.
final class Dialect {
    static final RelDataTypeSystem TYPE_SYSTEM = new MillraceTypeSystem();
    static final RelDataTypeFactory TYPES = new Utf8TypeFactory();
    static final SqlOperatorTable OPERATORS = new CaseBlindOperators();
    static final SqlValidator.Config VALIDATION = SqlValidator.Config.DEFAULT
            .withConformance(SqlStatements.conformance())
            .withTypeCoercionFactory(StrictCoercion::new)
            .withDefaultNullCollation(NullCollation.HIGH)
            .withIdentifierExpansion(true);

    /// Type names beside the standard's.
    static final Map<String, RelProtoDataType> TYPE_ALIASES = typeAliases();

    private static final List<String> STANDARD_TYPES = List.of(
            "boolean",
            "smallint",
            "integer",
            "int",
            "bigint",
            "decimal",
            "numeric",
            "real",
            "double",
            "varchar",
            "char",
            "varbinary",
            "date",
            "time",
            "timestamp",
            "interval",
            "array",
            "map",
            "row",
            "variant");

    private Dialect() {}

    private static Map<String, RelProtoDataType> typeAliases() {
        Map<String, RelProtoDataType> aliases = new LinkedHashMap<>();
        for (String name : List.of("text", "string")) {
            aliases.put(name, factory -> factory.createSqlType(SqlTypeName.VARCHAR));
        }
        for (String name : List.of("bytea", "bytes")) {
            aliases.put(name, factory -> factory.createSqlType(SqlTypeName.VARBINARY));
        }
        for (String name : List.of("json", "jsonb")) {
            aliases.put(name, factory -> factory.createSqlType(SqlTypeName.VARIANT));
        }
        aliases.put("timestamptz", factory -> factory.createSqlType(SqlTypeName.TIMESTAMP_WITH_LOCAL_TIME_ZONE, 3));
        aliases.put("uuid", factory -> factory.createSqlType(SqlTypeName.UUID));
        aliases.put("bool", factory -> factory.createSqlType(SqlTypeName.BOOLEAN));
        aliases.put("int2", factory -> factory.createSqlType(SqlTypeName.SMALLINT));
        aliases.put("int4", factory -> factory.createSqlType(SqlTypeName.INTEGER));
        for (String name : List.of("int8", "long")) {
            aliases.put(name, factory -> factory.createSqlType(SqlTypeName.BIGINT));
        }
        aliases.put("float4", factory -> factory.createSqlType(SqlTypeName.REAL));
        aliases.put("float8", factory -> factory.createSqlType(SqlTypeName.DOUBLE));
        return Map.copyOf(aliases);
    }

    static Collection<String> typeNames() {
        List<String> names = new ArrayList<>(STANDARD_TYPES);
        names.addAll(TYPE_ALIASES.keySet());
        return names;
    }

    /// Names of the functions that statements can call, in lower case and order.
    static Collection<String> functionNames() {
        return FunctionNames.NAMES;
    }

    /// Apart, because listing the functions is slow and only asked for by people.
    private static final class FunctionNames {
        private static final Collection<String> NAMES = names();

        private static Collection<String> names() {
            TreeSet<String> names = new TreeSet<>();
            for (SqlOperator operator : OPERATORS.getOperatorList()) {
                if (operator instanceof org.apache.calcite.sql.SqlFunction
                        && operator.getName().matches("[A-Za-z][A-Za-z0-9_]*")) {
                    names.add(operator.getName().toLowerCase(Locale.ROOT));
                }
            }
            return List.copyOf(names);
        }
    }

    /// Library tables would look names up by the catalogue's case-sensitive rule, which lower-cased names fail.
    private static final class CaseBlindOperators implements SqlOperatorTable {
        private static final SqlNameMatcher CASE_BLIND = SqlNameMatchers.withCaseSensitive(false);
        private final SqlOperatorTable own = SqlOperatorTables.of(WindowFunctions.all());
        private final SqlOperatorTable library = SqlLibraryOperatorTableFactory.INSTANCE.getOperatorTable(
                SqlLibrary.STANDARD, SqlLibrary.POSTGRESQL, SqlLibrary.BIG_QUERY, SqlLibrary.SPARK);

        @Override
        public void lookupOperatorOverloads(
                SqlIdentifier name,
                @Nullable SqlFunctionCategory category,
                SqlSyntax syntax,
                List<SqlOperator> found,
                SqlNameMatcher matcher) {
            int before = found.size();
            own.lookupOperatorOverloads(name, category, syntax, found, CASE_BLIND);
            if (found.size() == before) {
                library.lookupOperatorOverloads(name, category, syntax, found, CASE_BLIND);
            }
        }

        @Override
        public List<SqlOperator> getOperatorList() {
            List<SqlOperator> all = new ArrayList<>(own.getOperatorList());
            all.addAll(library.getOperatorList());
            return all;
        }
    }

    private static final class Utf8TypeFactory extends SqlTypeFactoryImpl {
        Utf8TypeFactory() {
            super(TYPE_SYSTEM);
        }

        @Override
        public Charset getDefaultCharset() {
            return StandardCharsets.UTF_8;
        }
    }

    /// PostgreSQL's rounding, whole sums in BIGINT, 38 digits.
    private static final class MillraceTypeSystem extends RelDataTypeSystemImpl {
        private static final int DIGITS_MAX = 38;
        private static final int AVERAGE_EXTRA_DIGITS = 6;

        @Override
        public int getMaxPrecision(SqlTypeName name) {
            return name == SqlTypeName.DECIMAL ? DIGITS_MAX : super.getMaxPrecision(name);
        }

        @Override
        public int getMaxScale(SqlTypeName name) {
            return name == SqlTypeName.DECIMAL ? DIGITS_MAX : super.getMaxScale(name);
        }

        @Override
        public int getDefaultPrecision(SqlTypeName name) {
            return switch (name) {
                case DECIMAL -> DIGITS_MAX;
                case TIMESTAMP, TIMESTAMP_WITH_LOCAL_TIME_ZONE, TIMESTAMP_TZ, TIME -> 3;
                default -> super.getDefaultPrecision(name); // Calcite's names, open-ended
            };
        }

        @Override
        public RoundingMode roundingMode() {
            return RoundingMode.HALF_UP;
        }

        @Override
        public boolean shouldConvertRaggedUnionTypesToVarying() {
            return true;
        }

        @Override
        public RelDataType deriveSumType(RelDataTypeFactory factory, RelDataType argument) {
            RelDataType sum = switch (argument.getSqlTypeName()) {
                case TINYINT, SMALLINT, INTEGER, BIGINT -> factory.createSqlType(SqlTypeName.BIGINT);
                case DECIMAL -> factory.createSqlType(SqlTypeName.DECIMAL, DIGITS_MAX, argument.getScale());
                case REAL, FLOAT, DOUBLE -> factory.createSqlType(SqlTypeName.DOUBLE);
                default -> argument; // intervals sum to intervals
            };
            return factory.createTypeWithNullability(sum, argument.isNullable());
        }

        @Override
        public RelDataType deriveAvgAggType(RelDataTypeFactory factory, RelDataType argument) {
            RelDataType average = switch (argument.getSqlTypeName()) {
                case TINYINT, SMALLINT, INTEGER, BIGINT, REAL, FLOAT, DOUBLE ->
                    factory.createSqlType(SqlTypeName.DOUBLE);
                case DECIMAL ->
                    factory.createSqlType(
                            SqlTypeName.DECIMAL,
                            DIGITS_MAX,
                            Math.min(DIGITS_MAX, argument.getScale() + AVERAGE_EXTRA_DIGITS));
                default -> argument; // intervals average to intervals
            };
            return factory.createTypeWithNullability(average, argument.isNullable());
        }
    }
}
