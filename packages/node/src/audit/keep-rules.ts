import type { Keep } from '@warren/audit'

/** What the log keeps of the two sides of a call, beyond that it happened. */
export interface KeepRule {
  readonly arguments?: Keep | undefined
  readonly results?: Keep | undefined
}

/** What it keeps of the calls of one server, and otherwise of single tools of it. */
export interface ServerKeep extends KeepRule {
  readonly tools?: Readonly<Record<string, KeepRule>> | undefined
}

/** Enough to prove what was said, to whoever knows it. */
const KEEP_DEFAULT: Keep = 'hash'

/** What configuration says the log shall keep. */
export class KeepRules {
  readonly #servers: ReadonlyMap<string, ServerKeep>

  constructor(servers: ReadonlyMap<string, ServerKeep>) {
    this.#servers = servers
  }

  /** What to keep of a call: as the tool's own rule says, else the server's. */
  of(server: string, tool: string | undefined): Readonly<Record<'arguments' | 'results', Keep>> {
    const rule = this.#servers.get(server) ?? {}
    const { tools = {} } = rule
    const own = tool !== undefined && Object.hasOwn(tools, tool) ? tools[tool] : undefined
    return { arguments: KEEP_DEFAULT, results: KEEP_DEFAULT, ...said(rule), ...said(own ?? {}) }
  }
}

/** What a rule says, without what it leaves to others. */
function said({
  arguments: args,
  results,
}: KeepRule): Partial<Record<'arguments' | 'results', Keep>> {
  return {
    ...(args === undefined ? {} : { arguments: args }),
    ...(results === undefined ? {} : { results }),
  }
}
