import type { JsonObject } from '@warren/core'
import { isDid } from '@warren/identity'
import { checkRoles } from '../../label.ts'
import { NodeError } from '../../node-error.ts'

/** What a template allows. */
export type TemplateName = 'read-only-files' | 'read-only-sql' | 'one-agent-one-tool'

/** What a person says of the policy that they want. */
export interface TemplateWish {
  readonly template: TemplateName
  readonly server: string
  readonly tools: readonly string[]
  /** Who may: a role, or one agent by its DID. */
  readonly role: string
  readonly agent?: string | undefined
  /** Directories below which files are read; the first is where relative paths begin. */
  readonly directories: readonly string[]
  /** Tables that are read, `orders` or `shop.orders`. */
  readonly tables: readonly string[]
  /** Rows of one SELECT. */
  readonly limit: number
}

/** A rule file, and what `facts.yaml` has to say of each tool. */
export interface TemplateText {
  readonly rules: string
  readonly facts: readonly (readonly [tool: string, declaration: JsonObject])[]
}

const SERVER_PATTERN = /^[a-z][a-z0-9-]{0,31}$/
const TOOL_PATTERN = /^[\w][\w./-]{0,127}$/
const DIRECTORY_PATTERN = /^\/[^\p{C}"\\]{0,1023}$/u
const TABLE_PATTERN = /^(?:[a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}$/
const LIST_MAX = 32
const LIMIT_MAX = 100_000

/**
 * Writes the policy that is meant.
 *
 * @throws NodeError `policy-template-invalid`, `role-malformed`
 */
export function fillTemplate(wish: TemplateWish): TemplateText {
  const { server, tools, template } = wish
  checkRoles([wish.role])
  demand(SERVER_PATTERN.test(server), '--server is the name of a server in the configuration')
  requireEach(tools, TOOL_PATTERN, '--tool names 1 to 32 tools of it')
  if (template === 'read-only-files') return readOnlyFiles(wish)
  return template === 'read-only-sql' ? readOnlySql(wish) : oneAgentOneTool(wish)
}

function readOnlyFiles(wish: TemplateWish): TemplateText {
  const { server, tools, role, directories } = wish
  const rule = '--below names 1 to 32 directories, from "/" on'
  requireEach(directories, DIRECTORY_PATTERN, rule)
  const base = directories[0] ?? '/'
  const rules = `${head(wish)}
${see(server, role)}

// They read what lies below these directories. Devices, sockets and files with several names are special.
@id("${server}-read")
permit (principal in Warren::Role::"${role}", action in ${actionsOf(wish)}, resource)
when { context.fact has path }
when { !context.fact.path.special }
when { context.fact.path.dirs.containsAny(${listed(directories)}) };
`
  const declared = { path: { type: 'path', base, forward: 'canonical' } }
  return { rules, facts: tools.map((tool) => [`${server}/${tool}`, declared]) }
}

function readOnlySql(wish: TemplateWish): TemplateText {
  const { server, tools, role, tables, limit } = wish
  requireEach(tables, TABLE_PATTERN, '--table names 1 to 32 tables, such as shop.orders')
  const isLimit = Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX
  demand(isLimit, `--limit is 1 to ${LIMIT_MAX} rows`)
  const full = tables.map((table) => (table.includes('.') ? table : `public.${table}`))
  const rules = `${head(wish)}
${see(server, role)}

// They ask for rows of these tables, so many at most. What writes, locks, recurses, or puts many rows into one is unsafe.
@id("${server}-select")
permit (principal in Warren::Role::"${role}", action in ${actionsOf(wish)}, resource)
when { context.fact has sql }
when { context.fact.sql.kind == "select" && !context.fact.sql.unsafe }
when { context.fact.sql has limit && context.fact.sql.limit <= ${limit} }
when { ${listed(full)}.containsAll(context.fact.sql.tables) };
`
  const sql = { type: 'sql', dialect: 'postgres', onNoLimit: { rewrite: limit } }
  return { rules, facts: tools.map((tool) => [`${server}/${tool}`, { sql }]) }
}

function oneAgentOneTool(wish: TemplateWish): TemplateText {
  const { server, tools, agent = '' } = wish
  demand(isDid(agent), '--agent is the DID of one member')
  demand(tools.length === 1, '--tool names one tool')
  const [tool = ''] = tools
  const who = `principal == Warren::Caller::"${agent}"`
  const rules = `${head(wish)}
// This agent sees the server, and calls one tool of it.
@id("${server}-agent-see")
permit (${who}, action == Warren::Action::"list", resource == Warren::Server::"${server}");

@id("${server}-agent-call")
permit (${who}, action in Warren::Action::"call", resource == Warren::Tool::"${server}/${tool}");

// Whatever else is opened to its roles, on this server or another: nothing is called but that tool.
@id("${server}-agent-only")
@reason("this agent has one tool")
forbid (${who}, action in Warren::Action::"call", resource)
unless { resource == Warren::Tool::"${server}/${tool}" };
`
  return { rules, facts: [] }
}

function head({ template }: TemplateWish): string {
  return `// Written by "warren policy new ${template}". It is yours now: change it, and run "warren policy check".`
}

function see(server: string, role: string): string {
  return `// Members of this role see the server.
@id("${server}-see")
permit (principal in Warren::Role::"${role}", action == Warren::Action::"list", resource == Warren::Server::"${server}");`
}

function actionsOf({ server, tools }: TemplateWish): string {
  return `[${tools.map((tool) => `Warren::Action::"${server}/${tool}"`).join(', ')}]`
}

function listed(texts: readonly string[]): string {
  return `[${texts.map((text) => `"${text}"`).join(', ')}]`
}

function requireEach(texts: readonly string[], pattern: RegExp, rule: string): void {
  demand(texts.length >= 1 && texts.length <= LIST_MAX, rule)
  demand(
    texts.every((text) => pattern.test(text)),
    rule,
  )
}

function demand(holds: boolean, rule: string): void {
  if (!holds) throw new NodeError('policy-template-invalid', rule)
}
