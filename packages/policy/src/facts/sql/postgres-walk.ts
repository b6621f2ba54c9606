import { noteExpression } from './postgres-expressions.ts'
import { type PostgresFindings } from './postgres-findings.ts'
import { columnsOf, everyColumn, innerScope, type Scope, type Source } from './postgres-scope.ts'
import { sqlName } from './sql-name.ts'
import { type SyntaxNode } from './syntax-node.ts'

/** Walks a statement with the names that each part of it sees, and notes what it touches. */
export class PostgresWalk {
  readonly #findings: PostgresFindings

  constructor(findings: PostgresFindings) {
    this.#findings = findings
  }

  /** @throws SqlFactError */
  visit(node: SyntaxNode, scope: Scope): void {
    if (node.type === 'SelectStmt') return this.#select(node, scope)
    if (node.type.endsWith('Stmt')) return this.#write(node, scope)
    noteExpression(node, scope, this.#findings)
    return node.eachChild(this, scope)
  }

  #all(nodes: readonly SyntaxNode[], scope: Scope): void {
    for (const node of nodes) this.visit(node, scope)
  }

  #select(node: SyntaxNode, outside: Scope): void {
    const { flags } = this.#findings
    if (node.many('lockingClause').length > 0) flags.add('locks')
    const into = node.one('intoClause')?.one('rel')
    if (into !== undefined) {
      flags.add('into')
      this.#findings.table(into, new Set())
    }
    const named = this.#with(node.one('withClause'), outside)
    const from = node.many('fromClause')
    const scope = innerScope(
      named,
      from.flatMap((part) => this.#sources(part, named)),
    )
    for (const part of from) this.#insideSource(part, scope)
    const outputs = node.many('targetList').map((target) => target.text('name'))
    for (const sort of node.many('sortClause')) {
      if (!isOutput(sort, outputs)) this.visit(sort, scope)
    }
    node.eachChild(this, scope, SELECT_DONE)
  }

  /** The scope in which the CTEs of a statement are known. Without RECURSIVE each sees those before it. */
  #with(clause: SyntaxNode | undefined, outside: Scope): Scope {
    const tables = clause?.many('ctes') ?? []
    const names = tables.map((table) => table.text('ctename'))
    const isRecursive = clause?.is('recursive') === true
    if (isRecursive) this.#findings.flags.add('recursive')
    let scope = isRecursive ? withNames(outside, names) : outside
    for (const table of tables) {
      table.eachChild(this, scope)
      scope = withNames(scope, [table.text('ctename')])
    }
    return scope
  }

  /** What one part of FROM is called, and which tables stand behind it. */
  #sources(part: SyntaxNode, scope: Scope): readonly Source[] {
    const alias = part.one('alias')
    const columns = alias?.names('colnames') ?? []
    const name = alias?.text('aliasname') ?? ''
    if (part.type === 'RangeVar') {
      const tables = this.#findings.table(part, scope.ctes)
      const source = { tables, renames: columns.length > 0 }
      return [{ ...source, name: alias === undefined ? part.text('relname') : name }]
    }
    if (part.type === 'RangeFunction') {
      const called = name === '' ? functionName(part) : name
      const certain = columns.length > 0 ? columns : [called]
      return [{ name: called, tables: [], certain }]
    }
    return part.type === 'JoinExpr' ? this.#joinSources(part, scope) : [{ name, tables: [] }]
  }

  #joinSources(part: SyntaxNode, scope: Scope): readonly Source[] {
    const alias = part.one('alias')
    const sides = [...part.many('larg'), ...part.many('rarg')]
    const joined = sides.flatMap((side) => this.#sources(side, scope))
    const tables = joined.flatMap((source) => source.tables)
    if (part.is('isNatural')) this.#findings.addColumns(everyColumn(joined))
    for (const column of part.names('usingClause')) {
      this.#findings.addColumns(joined.flatMap((source) => columnsOf(source, column)))
    }
    const isRenamed = (alias?.names('colnames') ?? []).length > 0
    const renames = isRenamed || joined.some((source) => source.renames === true)
    const named = [alias, part.one('join_using_alias')].flatMap((name) =>
      name === undefined ? [] : [{ name: name.text('aliasname'), tables, renames }],
    )
    this.#findings.count(named.length * tables.length)
    return [...joined, ...named]
  }

  /** Conditions, functions and subqueries of one part of FROM. All may see its neighbours, as with LATERAL. */
  #insideSource(part: SyntaxNode, scope: Scope): void {
    if (part.type === 'RangeVar') return
    if (part.type === 'JoinExpr') {
      for (const side of [...part.many('larg'), ...part.many('rarg')]) {
        this.#insideSource(side, scope)
      }
      this.#all(part.many('quals'), scope)
      return
    }
    part.eachChild(this, scope, ['alias'])
  }

  #write(node: SyntaxNode, outside: Scope): void {
    this.#findings.flags.add('writes')
    const named = this.#with(node.one('withClause'), outside)
    const target = node.one('relation')
    // What is written is never a CTE, whatever it is called.
    const tables = target === undefined ? [] : this.#findings.table(target, new Set())
    const relation = target?.one('alias')?.text('aliasname') ?? target?.text('relname') ?? ''
    const from = [...node.many('fromClause'), ...node.many('usingClause')]
    const scope = innerScope(named, [
      ...[relation, 'excluded', 'old', 'new'].map((name) => ({ name, tables })),
      ...from.flatMap((part) => this.#sources(part, named)),
    ])
    for (const part of from) this.#insideSource(part, scope)
    this.#written(node, tables)
    this.#all(node.many('selectStmt'), named)
    node.eachChild(this, scope, WRITE_DONE)
  }

  /** The columns that are written: those that are named, or all where none is. */
  #written(node: SyntaxNode, tables: readonly string[]): void {
    const conflict = node.one('onConflictClause')
    const targets = [
      ...node.many('cols'),
      ...node.many('targetList'),
      ...(conflict?.many('targetList') ?? []),
      ...(conflict?.one('infer')?.many('indexElems') ?? []),
    ]
    const some = node.many('cols').length > 0 || node.type === 'UpdateStmt'
    const names = targets.map((target) => sqlName(target.text('name')))
    const columns = some ? names : [...names, '*']
    this.#findings.addColumns(
      tables.flatMap((table) => columns.map((column) => `${table}.${column}`)),
    )
  }
}

const SELECT_DONE = ['withClause', 'intoClause', 'lockingClause', 'fromClause', 'sortClause']
const WRITE_DONE = ['withClause', 'relation', 'fromClause', 'usingClause', 'selectStmt']

function withNames(scope: Scope, names: readonly string[]): Scope {
  return { ...scope, ctes: new Set([...scope.ctes, ...names]) }
}

/** Tells `ORDER BY n`, where `n` names something that is selected: that is noted there. */
function isOutput(sort: SyntaxNode, outputs: readonly string[]): boolean {
  const column = sort.one('node')
  const names = column?.type === 'ColumnRef' ? column.names('fields') : []
  return names.length === 1 && names[0] !== '' && outputs.includes(names[0] ?? '')
}

/** What a function in FROM is called without an alias: as the function. */
function functionName(part: SyntaxNode): string {
  const [call] = part.many('functions')[0]?.many('items') ?? []
  return call?.names('funcname').at(-1) ?? ''
}
