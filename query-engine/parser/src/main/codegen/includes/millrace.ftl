<#-- Millrace's statements. The entry is MillraceStatement(); Calcite's own SqlStmt() is not used. -->

/** One statement, without the semicolon. The caller has seen that its first word can begin one. */
SqlNode MillraceStatement() :
{
    final SqlNode statement;
}
{
    { nDynamicParams = 0; }
    (
        statement = CreateStatement()
    |
        statement = DropStatement()
    |
        statement = AlterStatement()
    |
        statement = ShowStatement()
    |
        LOOKAHEAD(1)
        statement = DescribeStatement()
    |
        statement = ExplainStatement()
    |
        statement = SetStatement()
    |
        LOOKAHEAD(1)
        statement = QueryControlStatement()
    |
        LOOKAHEAD(1)
        statement = SqlInsert()
    |
        statement = SqlDelete()
    |
        statement = SqlUpdate()
    |
        statement = QueryStatement()
    )
    { return statement; }
}

/** A query at the top of a statement, with the clauses that are legal only there. */
SqlNode QueryStatement() :
{
    final SqlNode query;
    final SqlEmit emit;
    SqlNode frontier = null;
    final Span s;
}
{
    { s = Span.of(); }
    query = OrderedQueryOrExpr(ExprContext.ACCEPT_QUERY) { s.add(query); }
    [ <AS_OF_FRONTIER> frontier = StringLiteral() ]
    emit = EmitOpt()
    { return SqlQueryWithEmit.of(s.end(this), query, frontier, emit); }
}

SqlEmit EmitOpt() :
{
    final SqlEmit.Builder builder;
    SqlIntervalLiteral interval;
}
{
    <EMIT> { builder = new SqlEmit.Builder(getPos()); }
    (
        <CHANGES> { builder.changes(getPos()); }
    |
        <FINAL> { builder.finalOnly(getPos()); }
    |
        <EVERY> interval = IntervalValue() { builder.every(interval); }
    |
        <AFTER> <DELAY> interval = IntervalValue() { builder.delay(interval); }
    )+
    { return builder.build(getPos()); }
|
    { return null; }
}

/** An interval with its value written out: INTERVAL '5' SECOND or INTERVAL '5 seconds'. */
SqlIntervalLiteral IntervalValue() :
{
    final SqlLiteral literal;
}
{
    (
        literal = IntervalLiteral()
    |
        literal = IntervalText()
    )
    { return (SqlIntervalLiteral) literal; }
}

/** PostgreSQL's spelling, INTERVAL '1 hour 30 minutes'. */
SqlLiteral IntervalText() :
{
}
{
    <INTERVAL_TEXT> { return IntervalTexts.parse(getToken(0).image, getPos()); }
}

SqlNode CreateStatement() :
{
    final Span s;
    boolean replace = false;
    final SqlNode statement;
}
{
    <CREATE> { s = span(); }
    [ <OR> <REPLACE> { replace = true; } ]
    (
        <STREAM> statement = CreateRelation(s, replace, ObjectKind.STREAM)
    |
        <TABLE> statement = CreateRelation(s, replace, ObjectKind.TABLE)
    |
        <VIEW> statement = CreateView(s, replace, false)
    |
        <MATERIALIZED> <VIEW> statement = CreateView(s, replace, true)
    )
    { return statement; }
}

boolean IfNotExistsOpt() :
{
}
{
    LOOKAHEAD(2) <IF> <NOT> <EXISTS> { return true; }
|
    { return false; }
}

boolean IfExistsOpt() :
{
}
{
    LOOKAHEAD(2) <IF> <EXISTS> { return true; }
|
    { return false; }
}

SqlNode CreateRelation(Span s, boolean replace, ObjectKind kind) :
{
    final boolean ifNotExists;
    final SqlIdentifier name;
    SqlNodeList elements = SqlNodeList.EMPTY;
    SqlNodeList optionList = SqlNodeList.EMPTY;
    SqlNode query = null;
    SqlEmit emit = null;
}
{
    ifNotExists = IfNotExistsOpt()
    name = CompoundIdentifier()
    [ elements = RelationElements() ]
    [ <WITH> optionList = StatementOptions() ]
    [
        <AS> query = OrderedQueryOrExpr(ExprContext.ACCEPT_QUERY)
        emit = EmitOpt()
    ]
    {
        return SqlCreateRelation.of(s.end(this), kind, replace, ifNotExists, name, elements, optionList, query, emit);
    }
}

SqlNode CreateView(Span s, boolean replace, boolean materialized) :
{
    final boolean ifNotExists;
    final SqlIdentifier name;
    SqlNodeList columns = null;
    SqlNodeList optionList = SqlNodeList.EMPTY;
    final SqlNode query;
    final SqlEmit emit;
}
{
    ifNotExists = IfNotExistsOpt()
    name = CompoundIdentifier()
    [ columns = ParenthesizedSimpleIdentifierList() ]
    [ <WITH> optionList = StatementOptions() ]
    <AS> query = OrderedQueryOrExpr(ExprContext.ACCEPT_QUERY)
    emit = EmitOpt()
    {
        return SqlCreateView.of(s.end(this), replace, materialized, ifNotExists, name, columns, optionList, query, emit);
    }
}

SqlNodeList RelationElements() :
{
    final Span s;
    final List<SqlNode> list = new ArrayList<SqlNode>();
}
{
    <LPAREN> { s = span(); }
    RelationElement(list)
    ( <COMMA> RelationElement(list) )*
    <RPAREN>
    { return new SqlNodeList(list, s.end(this)); }
}

void RelationElement(List<SqlNode> list) :
{
    final Span s;
    final SqlIdentifier column;
    final SqlNode expression;
    final SqlNodeList columns;
    final SqlNode element;
}
{
    LOOKAHEAD(2)
    <WATERMARK> { s = span(); } <FOR>
    column = SimpleIdentifier()
    <AS> expression = Expression(ExprContext.ACCEPT_NON_QUERY)
    { list.add(new SqlWatermark(s.end(this), column, expression)); }
|
    <PRIMARY> { s = span(); } <KEY>
    columns = ParenthesizedSimpleIdentifierList()
    { list.add(new SqlPrimaryKey(s.end(this), columns)); }
|
    element = RelationColumn() { list.add(element); }
}

SqlNode RelationColumn() :
{
    final SqlIdentifier name;
    final SqlColumn.Builder builder;
    SqlDataTypeSpec type;
    SqlNode expression;
}
{
    name = SimpleIdentifier() { builder = new SqlColumn.Builder(name); }
    [ type = ColumnType() { builder.type(type); } ]
    (
        <NOT> <NULL> { builder.notNull(getPos()); }
    |
        <NULL> { builder.nullable(getPos()); }
    |
        <PRIMARY> <KEY> { builder.primaryKey(getPos()); }
    |
        <DEFAULT_> expression = Expression(ExprContext.ACCEPT_NON_QUERY) { builder.defaultValue(expression); }
    |
        <AS> expression = Expression(ExprContext.ACCEPT_NON_QUERY) { builder.computedAs(expression); }
    )*
    { return builder.build(getPos()); }
}

SqlNodeList StatementOptions() :
{
    final Span s;
    final List<SqlNode> list = new ArrayList<SqlNode>();
    SqlNode option;
}
{
    <LPAREN> { s = span(); }
    option = StatementOption() { list.add(option); }
    ( <COMMA> option = StatementOption() { list.add(option); } )*
    <RPAREN>
    { return SqlOption.checkedList(list, s.end(this)); }
}

SqlNode StatementOption() :
{
    final SqlNode key;
    final SqlNode value;
}
{
    (
        key = CompoundIdentifier()
    |
        key = StringLiteral()
    )
    <EQ>
    value = Literal()
    { return SqlOption.of(key, value); }
}

/** The kinds of things that have a name. */
ObjectKind ObjectKindName() :
{
}
{
    <STREAM> { return ObjectKind.STREAM; }
|
    <TABLE> { return ObjectKind.TABLE; }
|
    <VIEW> { return ObjectKind.VIEW; }
|
    <MATERIALIZED> <VIEW> { return ObjectKind.MATERIALIZED_VIEW; }
|
    <TOPIC> { return ObjectKind.TOPIC; }
}

SqlNode DropStatement() :
{
    final Span s;
    final ObjectKind kind;
    final boolean ifExists;
    final SqlIdentifier name;
    final String id;
}
{
    <DROP> { s = span(); }
    (
        <QUERY> id = QueryId()
        { return new SqlQueryControl(s.end(this), SqlQueryControl.Action.DROP, id); }
    |
        kind = ObjectKindName()
        ifExists = IfExistsOpt()
        name = CompoundIdentifier()
        { return new SqlDropObject(s.end(this), kind, ifExists, name); }
    )
}

SqlNode AlterStatement() :
{
    final Span s;
    final ObjectKind kind;
    final boolean ifExists;
    final SqlIdentifier name;
    final SqlNodeList optionList;
}
{
    <ALTER> { s = span(); }
    kind = ObjectKindName()
    ifExists = IfExistsOpt()
    name = CompoundIdentifier()
    <SET> optionList = StatementOptions()
    { return new SqlAlterObject(s.end(this), kind, ifExists, name, optionList); }
}

SqlNode ShowStatement() :
{
    final Span s;
    final SqlShow.Kind kind;
    SqlNode pattern = null;
}
{
    <SHOW> { s = span(); }
    (
        <STREAMS> { kind = SqlShow.Kind.STREAMS; }
    |
        <TABLES> { kind = SqlShow.Kind.TABLES; }
    |
        <VIEWS> { kind = SqlShow.Kind.VIEWS; }
    |
        <TOPICS> { kind = SqlShow.Kind.TOPICS; }
    |
        <QUERIES> { kind = SqlShow.Kind.QUERIES; }
    |
        <FUNCTIONS> { kind = SqlShow.Kind.FUNCTIONS; }
    |
        <ALL> { kind = SqlShow.Kind.ALL; }
    )
    [ <LIKE> pattern = StringLiteral() ]
    { return new SqlShow(s.end(this), kind, pattern); }
}

SqlNode DescribeStatement() :
{
    final Span s;
    final SqlIdentifier name;
}
{
    ( <DESCRIBE> | <DESC> ) { s = span(); }
    name = CompoundIdentifier()
    { return new SqlDescribe(s.end(this), name); }
}

SqlNode ExplainStatement() :
{
    final Span s;
    SqlExplainStatement.Mode mode = SqlExplainStatement.Mode.PLAN;
    final SqlNode statement;
}
{
    <EXPLAIN> { s = span(); }
    [
        LOOKAHEAD(1)
        (
        <PLAN>
    |
        <ANALYZE> { mode = SqlExplainStatement.Mode.ANALYZE; }
    |
        <STATE> { mode = SqlExplainStatement.Mode.STATE; }
        )
    ]
    [ <FOR> ]
    (
        statement = CreateStatement()
    |
        LOOKAHEAD(1)
        statement = SqlInsert()
    |
        statement = SqlDelete()
    |
        statement = SqlUpdate()
    |
        statement = QueryStatement()
    )
    { return new SqlExplainStatement(s.end(this), mode, statement); }
}

/** SET name = value, SET name TO value, SET name = DEFAULT, RESET name, RESET ALL. */
SqlNode SetStatement() :
{
    final Span s;
    final SqlIdentifier name;
    SqlNode value = null;
}
{
    <SET> { s = span(); }
    name = CompoundIdentifier()
    ( <EQ> | <TO> )
    (
        <DEFAULT_>
    |
        <ON> { value = SqlLiteral.createCharString("on", getPos()); }
    |
        LOOKAHEAD(1)
        value = Literal()
    |
        value = SimpleIdentifier()
    )
    { return SqlSetSession.of(s.end(this), name, value); }
|
    <RESET> { s = span(); }
    (
        <ALL> { return SqlSetSession.resetAll(s.end(this)); }
    |
        name = CompoundIdentifier() { return SqlSetSession.of(s.end(this), name, null); }
    )
}

SqlNode QueryControlStatement() :
{
    final Span s;
    final SqlQueryControl.Action action;
    final String id;
}
{
    (
        <PAUSE> { action = SqlQueryControl.Action.PAUSE; }
    |
        <RESUME> { action = SqlQueryControl.Action.RESUME; }
    |
        <VERIFY> { action = SqlQueryControl.Action.VERIFY; }
    )
    { s = span(); }
    <QUERY> id = QueryId()
    { return new SqlQueryControl(s.end(this), action, id); }
}

/** The id of a query: a name, or a string where it would not be a name. */
String QueryId() :
{
    final SqlNode id;
}
{
    (
        id = CompoundIdentifier() { return SqlNames.text((SqlIdentifier) id); }
    |
        id = StringLiteral() { return SqlNames.text((SqlLiteral) id); }
    )
}

JoinType LeftSemiJoin() :
{
}
{
    <LEFT> <SEMI> <JOIN> { return JoinType.LEFT_SEMI_JOIN; }
}

JoinType LeftAntiJoin() :
{
}
{
    <LEFT> <ANTI> <JOIN> { return JoinType.LEFT_ANTI_JOIN; }
}

/** expression::type is CAST(expression AS type). It binds to the one operand before it, and may be followed by [index] and .field. */
void InfixCast(List<Object> list, ExprContext exprContext, Span s) :
{
    final SqlNode type;
    final SqlNode operand;
    SqlNode result;
    SqlNode index;
    SqlIdentifier field;
}
{
    <INFIX_CAST> {
        checkNonQueryExpression(exprContext);
        operand = InfixCasts.removeLastOperand(list);
    }
    (
        <INTERVAL> type = IntervalQualifier()
    |
        type = DataType()
    )
    {
        result = SqlStdOperatorTable.CAST.createCall(Span.of(operand).end(this), operand, type);
    }
    (
        LOOKAHEAD(1)
        (
        <LBRACKET> index = Expression(ExprContext.ACCEPT_SUB_QUERY) <RBRACKET> {
            result = SqlStdOperatorTable.ITEM.createCall(Span.of(result).end(this), result, index);
        }
    |
        <DOT> field = SimpleIdentifier() {
            result = SqlStdOperatorTable.DOT.createCall(Span.of(result).end(this), result, field);
        }
        )
    )*
    { list.add(result); }
}

/** ? in order of appearance, or $n by number. */
JAVACODE SqlDynamicParam parameter() {
    final Token parameter = getToken(0);
    if (parameter.image.charAt(0) == '$') {
        return SqlNumberedParameter.of(parameter.image, getPos());
    }
    return new SqlDynamicParam(nDynamicParams++, getPos());
}

/** The end of one statement. */
boolean StatementEnd() :
{
}
{
    <SEMICOLON> { return false; }
|
    <EOF> { return true; }
}

/** The type of a column: also an interval, which Calcite has only in casts. */
SqlDataTypeSpec ColumnType() :
{
    final Span s;
    final SqlIntervalQualifier qualifier;
    final SqlDataTypeSpec type;
}
{
    <INTERVAL> { s = span(); }
    qualifier = IntervalQualifier()
    { return new SqlDataTypeSpec(new SqlIntervalTypeSpec(s.end(this), qualifier), s.pos()); }
|
    type = DataType() { return type; }
}
