package io.millrace.query.parser;

import org.apache.calcite.sql.validate.SqlConformance;
import org.apache.calcite.sql.validate.SqlConformanceEnum;
import org.apache.calcite.sql.validate.SqlDelegatingConformance;

/// Which freedoms the dialect takes: Babel's, without those that hide a mistake.
final class MillraceConformance extends SqlDelegatingConformance {
    static final SqlConformance INSTANCE = new MillraceConformance();

    private MillraceConformance() {
        super(SqlConformanceEnum.BABEL);
    }

    /// An unknown column should be called unknown, not an alias that depends on itself.
    @Override
    public SelectAliasLookup isSelectAlias() {
        return SelectAliasLookup.UNSUPPORTED;
    }

    /// A column that is neither grouped nor aggregated is a mistake.
    @Override
    public boolean isNonStrictGroupBy() {
        return false;
    }

    /// `payload:path.to[0]`
    @Override
    public boolean isColonFieldAccessAllowed() {
        return true;
    }

    /// `LIMIT start, count` means the opposite of what it seems.
    @Override
    public boolean isLimitStartCountAllowed() {
        return false;
    }

    @Override
    public boolean allowExplicitRowValueConstructor() {
        return true;
    }
}
