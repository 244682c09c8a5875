package io.millrace.query.expression;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.plan.CalcProgram;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.calcite.avatica.util.Casing;
import org.apache.calcite.config.CalciteConnectionConfigImpl;
import org.apache.calcite.jdbc.CalciteSchema;
import org.apache.calcite.plan.RelOptCluster;
import org.apache.calcite.plan.hep.HepPlanner;
import org.apache.calcite.plan.hep.HepProgramBuilder;
import org.apache.calcite.prepare.CalciteCatalogReader;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Calc;
import org.apache.calcite.rel.rules.CoreRules;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rel.type.RelDataTypeField;
import org.apache.calcite.rel.type.StructKind;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexProgram;
import org.apache.calcite.schema.impl.AbstractTable;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperatorTable;
import org.apache.calcite.sql.fun.SqlLibrary;
import org.apache.calcite.sql.fun.SqlLibraryOperatorTableFactory;
import org.apache.calcite.sql.parser.SqlParseException;
import org.apache.calcite.sql.parser.SqlParser;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.util.SqlOperatorTables;
import org.apache.calcite.sql.validate.SqlConformanceEnum;
import org.apache.calcite.sql.validate.SqlDelegatingConformance;
import org.apache.calcite.sql.validate.SqlValidator;
import org.apache.calcite.sql.validate.SqlValidatorUtil;
import org.apache.calcite.sql2rel.SqlToRelConverter;
import org.apache.calcite.sql2rel.StandardConvertletTable;

/// SELECT … FROM t [WHERE …] over one table as a program; Calcite's own parser, so independent of the SQL front
/// end.
public final class SqlExpressions {
    private static final SqlOperatorTable OPERATORS = SqlOperatorTables.chain(
            SqlLibraryOperatorTableFactory.INSTANCE.getOperatorTable(
                    SqlLibrary.STANDARD, SqlLibrary.POSTGRESQL, SqlLibrary.BIG_QUERY, SqlLibrary.SPARK),
            SqlOperatorTables.of(MillraceFunctions.all()));

    private static final SqlDelegatingConformance CONFORMANCE = new SqlDelegatingConformance(SqlConformanceEnum.BABEL) {
        @Override
        public boolean allowExplicitRowValueConstructor() {
            return true;
        }
    };

    private SqlExpressions() {}

    /// The program of `SELECT select FROM t WHERE where`.
    public static CalcProgram program(Schema table, String select, String where) {
        String sql = "SELECT " + select + " FROM t" + (where.isEmpty() ? "" : " WHERE " + where);
        return program(table, sql);
    }

    public static CalcProgram program(Schema table, String sql) {
        RelDataTypeFactory types = ExpressionTypes.FACTORY;
        CalciteSchema root = CalciteSchema.createRootSchema(false, false);
        root.add("T", new AbstractTable() {
            @Override
            public RelDataType getRowType(RelDataTypeFactory factory) {
                RelDataTypeFactory.Builder builder = factory.builder();
                for (ColumnInfo column : table.columns()) {
                    builder.add(column.name(), relType(factory, column.type()));
                }
                return builder.build();
            }
        });
        CalciteCatalogReader reader =
                new CalciteCatalogReader(root, List.of(), types, new CalciteConnectionConfigImpl(new Properties()) {
                    @Override
                    public boolean caseSensitive() {
                        return false;
                    }
                });
        SqlValidator validator = SqlValidatorUtil.newValidator(
                SqlOperatorTables.chain(OPERATORS, reader),
                reader,
                types,
                SqlValidator.Config.DEFAULT.withConformance(CONFORMANCE));
        RelOptCluster cluster =
                RelOptCluster.create(new HepPlanner(new HepProgramBuilder().build()), new RexBuilder(types));
        SqlToRelConverter converter = new SqlToRelConverter(
                (rowType, queryString, schemaPath, viewPath) -> {
                    throw new UnsupportedOperationException("no views");
                },
                validator,
                reader,
                cluster,
                StandardConvertletTable.INSTANCE,
                SqlToRelConverter.config().withExpand(false).withTrimUnusedFields(false));
        SqlNode parsed;
        try {
            parsed = SqlParser.create(
                            sql,
                            SqlParser.config()
                                    .withUnquotedCasing(Casing.TO_LOWER)
                                    .withConformance(CONFORMANCE))
                    .parseQuery();
        } catch (SqlParseException e) {
            throw new IllegalArgumentException(sql + ": " + e.getMessage(), e);
        }
        RelNode rel = converter.convertQuery(validator.validate(parsed), false, true).rel;
        HepPlanner planner = new HepPlanner(new HepProgramBuilder()
                .addRuleInstance(CoreRules.FILTER_TO_CALC)
                .addRuleInstance(CoreRules.PROJECT_TO_CALC)
                .addRuleInstance(CoreRules.CALC_MERGE)
                .build());
        planner.setRoot(rel);
        RelNode planned = planner.findBestExp();
        RexProgram program = planned instanceof Calc calc
                ? calc.getProgram()
                : RexProgram.createIdentity(planned.getRowType()); // SELECT *
        return new CalcProgram(program, table, schema(program.getOutputRowType()));
    }

    static Schema schema(RelDataType row) {
        List<ColumnInfo> columns = new ArrayList<>();
        for (RelDataTypeField field : row.getFieldList()) {
            columns.add(new ColumnInfo(field.getName(), ExpressionTypes.columnType(field.getType())));
        }
        return new Schema(columns);
    }

    static RelDataType relType(RelDataTypeFactory factory, ColumnType type) {
        RelDataType found = switch (type.type()) {
            case BOOLEAN -> factory.createSqlType(SqlTypeName.BOOLEAN);
            case SMALLINT -> factory.createSqlType(SqlTypeName.SMALLINT);
            case INTEGER -> factory.createSqlType(SqlTypeName.INTEGER);
            case BIGINT -> factory.createSqlType(SqlTypeName.BIGINT);
            case DECIMAL -> factory.createSqlType(SqlTypeName.DECIMAL, type.precision(), type.scale());
            case REAL -> factory.createSqlType(SqlTypeName.REAL);
            case DOUBLE -> factory.createSqlType(SqlTypeName.DOUBLE);
            case VARCHAR, JSON -> factory.createSqlType(SqlTypeName.VARCHAR);
            case VARBINARY -> factory.createSqlType(SqlTypeName.VARBINARY);
            case DATE -> factory.createSqlType(SqlTypeName.DATE);
            case TIME -> factory.createSqlType(SqlTypeName.TIME, 3);
            case TIMESTAMP -> factory.createSqlType(SqlTypeName.TIMESTAMP, 3);
            case TIMESTAMPTZ -> factory.createSqlType(SqlTypeName.TIMESTAMP_WITH_LOCAL_TIME_ZONE, 3);
            case UUID -> factory.createSqlType(SqlTypeName.UUID);
            case ARRAY -> factory.createArrayType(relType(factory, element(type)), -1);
            case MAP ->
                factory.createMapType(factory.createSqlType(SqlTypeName.VARCHAR), relType(factory, element(type)));
            case ROW ->
                factory.createStructType(
                        StructKind.PEEK_FIELDS_NO_EXPAND,
                        type.fields().stream()
                                .map(field -> relType(factory, field.type()))
                                .collect(Collectors.toList()),
                        type.fields().stream().map(ColumnInfo::name).collect(Collectors.toList()));
            case INTERVAL_DAY, INTERVAL_MONTH, NULL ->
                throw new IllegalArgumentException(type + " is no type of a table's column");
        };
        return factory.createTypeWithNullability(found, true);
    }

    private static ColumnType element(ColumnType type) {
        ColumnType element = type.element();
        if (element == null) {
            throw new IllegalArgumentException(type + " has no element type");
        }
        return element;
    }
}
