package io.millrace.query.sql;

import io.millrace.query.data.ColumnType;
import io.millrace.query.parser.SqlStatements;
import io.millrace.query.parser.node.SqlCreateRelation;
import io.millrace.query.parser.node.SqlCreateView;
import io.millrace.query.parser.node.SqlEmit;
import io.millrace.query.plan.PlanNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.calcite.config.CalciteConnectionConfigImpl;
import org.apache.calcite.config.CalciteConnectionProperty;
import org.apache.calcite.jdbc.CalciteSchema;
import org.apache.calcite.prepare.CalciteCatalogReader;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.RelRoot;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rel.type.RelProtoDataType;
import org.apache.calcite.sql.SqlDataTypeSpec;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.validate.SqlValidator;
import org.apache.calcite.sql2rel.SqlToRelConverter;
import org.apache.calcite.sql2rel.StandardConvertletTable;
import org.apache.calcite.tools.RelBuilder;

/// Syntax to relational algebra: names resolved, types checked, views expanded.
final class QueryCompiler {
    private static final CalciteConnectionConfigImpl CASE_SENSITIVE =
            new CalciteConnectionConfigImpl(new Properties()).set(CalciteConnectionProperty.CASE_SENSITIVE, "true");
    private static final SqlToRelConverter.Config CONVERSION = SqlToRelConverter.config()
            .withExpand(false)
            .withTrimUnusedFields(false)
            .withInSubQueryThreshold(1000)
            .withRelBuilderConfigTransform(config -> config.withSimplifyValues(false));

    private final Relations relations;
    private final Planning planning;

    QueryCompiler(Relations relations) {
        this.relations = relations;
        this.planning = relations.planning();
    }

    /// A query whose names and types are right.
    record Checked(SqlNode query, RelDataType row, SqlValidator validator, CalciteCatalogReader catalog) {}

    /// @param query is changed by this; see [QueryRewriter]
    Checked check(SqlNode query) {
        SqlParserPos place = query.getParserPosition();
        try {
            QueryRewriter rewriter =
                    new QueryRewriter(planning.session().parameters(), planning.continuous(), planning.nowMs());
            SqlNode ready = rewriter.rewrite(query);
            Map<String, Tables.RelationTable> tables = new LinkedHashMap<>();
            for (Map.Entry<String, SqlParserPos> name : rewriter.tables().entrySet()) {
                relations.find(name.getKey()).ifPresent(relation -> tables.put(name.getKey(), table(relation)));
            }
            return check(ready, tables);
        } catch (RuntimeException | AssertionError | StackOverflowError failure) {
            throw Problems.of(failure, place, known());
        }
    }

    private Checked check(SqlNode query, Map<String, ? extends Tables.RelationTable> tables) {
        CalciteCatalogReader catalog = catalog(tables);
        SqlValidator validator = new MillraceValidator(catalog);
        SqlNode valid = validator.validate(query);
        return new Checked(valid, validator.getValidatedNodeType(valid), validator, catalog);
    }

    private static CalciteCatalogReader catalog(Map<String, ? extends Tables.RelationTable> tables) {
        CalciteSchema root = CalciteSchema.createRootSchema(false, false);
        for (Map.Entry<String, RelProtoDataType> alias : Dialect.TYPE_ALIASES.entrySet()) {
            root.add(alias.getKey(), alias.getValue());
        }
        tables.forEach(root::add);
        return new CalciteCatalogReader(root, List.of(), Dialect.TYPES, CASE_SENSITIVE);
    }

    RelRoot convert(Checked checked) {
        try {
            SqlToRelConverter converter = new SqlToRelConverter(
                    (row, text, schemas, path) -> {
                        throw new UnsupportedOperationException("views expand themselves");
                    },
                    checked.validator(),
                    checked.catalog(),
                    planning.cluster(),
                    StandardConvertletTable.INSTANCE,
                    CONVERSION);
            return converter.convertQuery(checked.query(), false, true);
        } catch (RuntimeException | AssertionError | StackOverflowError failure) {
            throw Problems.of(failure, checked.query().getParserPosition(), known());
        }
    }

    /// Types of columns, for declarations.
    ColumnType type(SqlDataTypeSpec spec) {
        try {
            RelDataType type = spec.deriveType(new MillraceValidator(catalog(Map.of())));
            ColumnType known = type == null ? null : Types.orNull(type);
            if (known == null) {
                throw Problems.at("unknown_type", "Columns cannot have type " + spec + ".", spec, null);
            }
            return known;
        } catch (RuntimeException | AssertionError failure) {
            throw Problems.of(failure, spec.getParserPosition(), known());
        }
    }

    Problems.Known known() {
        return new Problems.Known() {
            @Override
            public Collection<String> tables() {
                return relations.names();
            }

            @Override
            public Collection<String> columns() {
                return relations.columnNames();
            }

            @Override
            public Collection<String> functions() {
                return Dialect.functionNames();
            }
        };
    }

    private Tables.RelationTable table(Relation relation) {
        return switch (relation) {
            case Relation.View view -> {
                QueryCompiler inner = new QueryCompiler(view.scope());
                // the tree is changed by checking it, so each use of the view has its own
                Relations scope = view.scope();
                RelDataType row = row(view.fields(), List.of());
                yield new Tables.Expanded(
                        row,
                        Set.of(),
                        () -> planning.guarded(view.name(), view.query(), () -> {
                            SqlNode query = Definitions.query(view.definition());
                            RelNode rel = new QueryCompiler(scope)
                                    .convert(inner.check(query))
                                    .project();
                            return renamed(rel, row);
                        }));
            }
            case Relation.Failing failing -> {
                RelDataType row = row(failing.fields(), List.of());
                yield new Tables.Expanded(row, Set.of(), () -> failing(failing, row));
            }
            case Relation.Stored stored -> table(stored);
        };
    }

    /// Planned like the query itself, so that the same rows fail for the same reasons.
    private RelNode failing(Relation.Failing failing, RelDataType row) {
        SqlNode statement = SqlStatements.parse(failing.definition()).getLast();
        SqlEmit emit = switch (statement) {
            case SqlCreateView view -> view.emit();
            case SqlCreateRelation relation -> relation.emit();
            default -> null; // SqlNode is not sealed
        };
        SqlNode query = Definitions.query(failing.definition());
        return planning.guarded(failing.name(), query, () -> {
            boolean goesOn = planning.continuous();
            planning.continuous(true);
            try {
                PlannedStatement.Query planned = new QueryPlanner(failing.scope(), Optimizer.Witness.NONE)
                        .plan(query, QueryPlanner.emit(emit, true), emit, null);
                return new PlannedRel(planning.cluster(), row, failing.name(), new PlanNode.Failed(planned.plan()));
            } finally {
                planning.continuous(goesOn);
            }
        });
    }

    private RelNode renamed(RelNode rel, RelDataType row) {
        RelBuilder builder = org.apache.calcite.rel.core.RelFactories.LOGICAL_BUILDER.create(planning.cluster(), null);
        builder.push(rel);
        List<org.apache.calcite.rex.RexNode> expressions = new ArrayList<>();
        for (int i = 0; i < row.getFieldCount(); i++) {
            org.apache.calcite.rex.RexNode reference = builder.field(i);
            RelDataType wanted = row.getFieldList().get(i).getType();
            expressions.add(
                    reference.getType().equals(wanted)
                            ? reference
                            : planning.cluster().getRexBuilder().makeAbstractCast(wanted, reference, false));
        }
        return builder.project(expressions, row.getFieldNames(), true).build();
    }

    private Tables.RelationTable table(Relation.Stored stored) {
        Set<String> hidden = new HashSet<>();
        stored.hidden().forEach(field -> hidden.add(field.name()));
        List<Relation.Field> decoded =
                stored.fields().stream().filter(field -> !field.isComputed()).toList();
        Tables.Scanned scanned = new Tables.Scanned(stored, row(decoded, stored.hidden()), hidden);
        if (decoded.size() == stored.fields().size()) {
            return scanned;
        }
        RelDataType row = row(stored.fields(), stored.hidden());
        return new Tables.Expanded(row, hidden, () -> {
            RelRoot root = convert(check(computing(stored, stored.fields()), Map.of(stored.name(), scanned)));
            return renamed(root.project(), row);
        });
    }

    /// `SELECT a, b, expression AS c, _key, … FROM s`.
    private static SqlSelect computing(Relation.Stored stored, List<Relation.Field> fields) {
        SqlParserPos zero = SqlParserPos.ZERO;
        SqlNodeList list = new SqlNodeList(zero);
        for (Relation.Field field : fields) {
            SqlNode computed = field.computed();
            SqlNode expression = computed == null ? new SqlIdentifier(field.name(), zero) : Copies.deep(computed);
            list.add(SqlStdOperatorTable.AS.createCall(zero, expression, new SqlIdentifier(field.name(), zero)));
        }
        for (Relation.Field field : stored.hidden()) {
            list.add(new SqlIdentifier(field.name(), zero));
        }
        return new SqlSelect(
                zero,
                null,
                list,
                new SqlIdentifier(stored.name(), zero),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    /// An expression of a computed column in which the current time is the append time of the row.
    static SqlNode appendTime(SqlNode expression, Planning planning) {
        return QueryRewriter.overOneRelation(planning.nowMs()).rewrite(Copies.deep(expression));
    }

    /// Types of computed columns, which nothing says but their expressions.
    List<ColumnType> typesOfComputed(Relation.Stored stored, List<Relation.Field> computed) {
        try {
            List<Relation.Field> decoded = stored.fields().stream()
                    .filter(field -> !field.isComputed())
                    .toList();
            Tables.Scanned scanned = new Tables.Scanned(stored, row(decoded, stored.hidden()), Set.of());
            Checked checked = check(computing(stored, computed), Map.of(stored.name(), scanned));
            List<ColumnType> types = new ArrayList<>();
            for (int i = 0; i < computed.size(); i++) {
                types.add(Types.of(
                        checked.row().getFieldList().get(i).getType(),
                        "Column '" + computed.get(i).name() + "'"));
            }
            return types;
        } catch (RuntimeException | AssertionError | StackOverflowError failure) {
            throw Problems.of(failure, SqlParserPos.ZERO, known(stored));
        }
    }

    private Problems.Known known(Relation.Stored stored) {
        Problems.Known outer = known();
        return new Problems.Known() {
            @Override
            public Collection<String> tables() {
                return outer.tables();
            }

            @Override
            public Collection<String> columns() {
                return stored.fields().stream().map(Relation.Field::name).toList();
            }

            @Override
            public Collection<String> functions() {
                return outer.functions();
            }
        };
    }

    private static RelDataType row(List<Relation.Field> fields, List<Relation.Field> hidden) {
        RelDataTypeFactory.Builder row = Dialect.TYPES.builder();
        for (List<Relation.Field> list : List.of(fields, hidden)) {
            for (Relation.Field field : list) {
                row.add(field.name(), Types.toCalcite(field.type(), Dialect.TYPES));
            }
        }
        return row.build();
    }
}
