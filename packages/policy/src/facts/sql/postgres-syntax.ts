/**
 * What a field of a syntax node holds: a value, a node, a list of nodes, or, under the name of its type, a node that the
 * parser writes without that name. Names are the parts of one name, or several names, as `String` and `A_Star`. A place is
 * where something stood in the text; it means nothing.
 */
export type SyntaxField =
  | 'value'
  | 'node'
  | 'nodes'
  | 'names'
  | 'place'
  | { readonly inline: string }

/** The fields of some nodes, by the names of both. */
type Syntax = Readonly<Record<string, Readonly<Record<string, SyntaxField>>>>

function inline(type: string): SyntaxField {
  return { inline: type }
}

const NAMES_AND_VALUES: Syntax = {
  String: { sval: 'value' },
  Integer: { ival: 'value' },
  Float: { fval: 'value' },
  Boolean: { boolval: 'value' },
  BitString: { bsval: 'value' },
  A_Const: {
    isnull: 'value',
    ival: inline('Integer'),
    fval: inline('Float'),
    sval: inline('String'),
    boolval: inline('Boolean'),
    bsval: inline('BitString'),
  },
  A_Star: {},
  ColumnRef: { fields: 'names' },
  ParamRef: { number: 'value' },
  List: { items: 'nodes' },
  Alias: { aliasname: 'value', colnames: 'names' },
  TypeName: { names: 'names', typmods: 'nodes', typemod: 'value', arrayBounds: 'nodes' },
}

const EXPRESSIONS: Syntax = {
  A_Expr: { kind: 'value', name: 'names', lexpr: 'node', rexpr: 'node' },
  BoolExpr: { boolop: 'value', args: 'nodes' },
  NullTest: { arg: 'node', nulltesttype: 'value' },
  BooleanTest: { arg: 'node', booltesttype: 'value' },
  CaseExpr: { arg: 'node', args: 'nodes', defresult: 'node' },
  CaseWhen: { expr: 'node', result: 'node' },
  CoalesceExpr: { args: 'nodes' },
  MinMaxExpr: { op: 'value', args: 'nodes' },
  SQLValueFunction: { op: 'value', typmod: 'value' },
  RowExpr: { args: 'nodes', row_format: 'value' },
  A_ArrayExpr: { elements: 'nodes' },
  A_Indirection: { arg: 'node', indirection: 'nodes' },
  A_Indices: { is_slice: 'value', lidx: 'node', uidx: 'node' },
  CollateClause: { arg: 'node', collname: 'names' },
  TypeCast: { arg: 'node', typeName: inline('TypeName') },
  SubLink: { subLinkType: 'value', testexpr: 'node', operName: 'names', subselect: 'node' },
  GroupingFunc: { args: 'nodes' },
  GroupingSet: { kind: 'value', content: 'nodes' },
  FuncCall: {
    funcname: 'names',
    args: 'nodes',
    agg_order: 'nodes',
    agg_filter: 'node',
    over: inline('WindowDef'),
    agg_within_group: 'value',
    agg_star: 'value',
    agg_distinct: 'value',
    func_variadic: 'value',
    funcformat: 'value',
  },
  WindowDef: {
    name: 'value',
    refname: 'value',
    partitionClause: 'nodes',
    orderClause: 'nodes',
    frameOptions: 'value',
    startOffset: 'node',
    endOffset: 'node',
  },
  SortBy: { node: 'node', sortby_dir: 'value', sortby_nulls: 'value' },
}

const SOURCES: Syntax = {
  RangeVar: {
    schemaname: 'value',
    relname: 'value',
    inh: 'value',
    relpersistence: 'value',
    alias: inline('Alias'),
  },
  RangeSubselect: { lateral: 'value', subquery: 'node', alias: inline('Alias') },
  RangeFunction: {
    lateral: 'value',
    ordinality: 'value',
    is_rowsfrom: 'value',
    functions: 'nodes',
    alias: inline('Alias'),
  },
  JoinExpr: {
    jointype: 'value',
    isNatural: 'value',
    larg: 'node',
    rarg: 'node',
    usingClause: 'names',
    join_using_alias: inline('Alias'),
    quals: 'node',
    alias: inline('Alias'),
  },
  WithClause: { ctes: 'nodes', recursive: 'value' },
  CommonTableExpr: {
    ctename: 'value',
    aliascolnames: 'names',
    ctematerialized: 'value',
    ctequery: 'node',
  },
}

const STATEMENTS: Syntax = {
  SelectStmt: {
    distinctClause: 'nodes',
    intoClause: inline('IntoClause'),
    targetList: 'nodes',
    fromClause: 'nodes',
    whereClause: 'node',
    groupClause: 'nodes',
    groupDistinct: 'value',
    havingClause: 'node',
    windowClause: 'nodes',
    valuesLists: 'nodes',
    sortClause: 'nodes',
    limitOffset: 'node',
    limitCount: 'node',
    limitOption: 'value',
    lockingClause: 'nodes',
    withClause: inline('WithClause'),
    op: 'value',
    all: 'value',
    larg: inline('SelectStmt'),
    rarg: inline('SelectStmt'),
  },
  IntoClause: { rel: inline('RangeVar'), onCommit: 'value' },
  LockingClause: { lockedRels: 'nodes', strength: 'value', waitPolicy: 'value' },
  ResTarget: { name: 'value', val: 'node' },
  InsertStmt: {
    relation: inline('RangeVar'),
    cols: 'nodes',
    selectStmt: 'node',
    onConflictClause: inline('OnConflictClause'),
    returningClause: inline('ReturningClause'),
    withClause: inline('WithClause'),
    override: 'value',
  },
  UpdateStmt: {
    relation: inline('RangeVar'),
    targetList: 'nodes',
    whereClause: 'node',
    fromClause: 'nodes',
    returningClause: inline('ReturningClause'),
    withClause: inline('WithClause'),
  },
  DeleteStmt: {
    relation: inline('RangeVar'),
    usingClause: 'nodes',
    whereClause: 'node',
    returningClause: inline('ReturningClause'),
    withClause: inline('WithClause'),
  },
  ReturningClause: { exprs: 'nodes' },
  OnConflictClause: {
    action: 'value',
    infer: inline('InferClause'),
    targetList: 'nodes',
    whereClause: 'node',
  },
  InferClause: { indexElems: 'nodes', whereClause: 'node' },
  IndexElem: { name: 'value', ordering: 'value', nulls_ordering: 'value' },
  SetToDefault: {},
}

/** Where something stood in the text; of no meaning. */
export const POSTGRES_PLACES: ReadonlySet<string> = new Set([
  'location',
  'rexpr_list_start',
  'rexpr_list_end',
  'list_start',
  'list_end',
])

/**
 * The syntax of Postgres that has facts, in the words of its parser: the fields of each node. A node or a field that is
 * not here is refused.
 */
export const POSTGRES_SYNTAX: ReadonlyMap<string, ReadonlyMap<string, SyntaxField>> = new Map(
  Object.entries({ ...NAMES_AND_VALUES, ...EXPRESSIONS, ...SOURCES, ...STATEMENTS }).map(
    ([type, fields]) => {
      const places = [...POSTGRES_PLACES].map((name) => [name, 'place'] as const)
      return [type, new Map<string, SyntaxField>([...Object.entries(fields), ...places])]
    },
  ),
)
