import { type PostgresFindings } from './postgres-findings.ts'
import { type Scope } from './postgres-scope.ts'
import { SqlFactError } from './sql-fact-error.ts'
import { type SyntaxNode } from './syntax-node.ts'

type Note = (node: SyntaxNode, findings: PostgresFindings, scope: Scope) => void

/** What an expression means by itself, whatever stands inside it. */
const NOTES: ReadonlyMap<string, Note> = new Map(
  Object.entries<Note>({
    ColumnRef: (node, findings, scope) => findings.column(node, scope),
    FuncCall: (node, findings) => findings.call(...node.names('funcname')),
    A_Expr: (node, findings) => {
      findings.operator(node.names('name'))
      if (node.text('kind') === 'AEXPR_NULLIF') findings.call('nullif')
    },
    TypeCast: (node, findings) => findings.cast(node.one('typeName')),
    CoalesceExpr: (_, findings) => findings.call('coalesce'),
    MinMaxExpr: (node, findings) =>
      findings.call(node.text('op') === 'IS_LEAST' ? 'least' : 'greatest'),
    GroupingFunc: (_, findings) => findings.call('grouping'),
    SQLValueFunction: (node, findings) =>
      findings.call(
        node
          .text('op')
          .replace(/^SVFOP_/, '')
          .replace(/_N$/, '')
          .toLowerCase(),
      ),
    SubLink: (node, findings) => {
      if (node.text('subLinkType') === 'ARRAY_SUBLINK') findings.flags.add('collapses')
      const operator = node.names('operName')
      if (operator.length > 0) findings.operator(operator)
    },
    A_Indirection: (node) => {
      // `(value).name` calls the function `name` when there is no such field.
      if (node.many('indirection').some(({ type }) => type !== 'A_Indices')) {
        throw new SqlFactError(
          'fact-sql-unsupported',
          'the statement takes a field out of a value; name the columns of the table instead',
        )
      }
    },
  }),
)

/** Notes what one node of an expression touches; its children are not visited. */
export function noteExpression(node: SyntaxNode, scope: Scope, findings: PostgresFindings): void {
  NOTES.get(node.type)?.(node, findings, scope)
}
