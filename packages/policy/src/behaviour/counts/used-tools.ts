import type { UsedTool } from './remembered-call.ts'

/** The tools that the listed calls of one caller are of. */
export class UsedTools {
  readonly #servers = new Map<string, Map<string, UsedTool>>()
  #count = 0

  get({ server, tool }: Pick<UsedTool, 'server' | 'tool'>): UsedTool | undefined {
    return this.#servers.get(server)?.get(tool)
  }

  /** The tool, which is new where nothing listed is of it. */
  of({ server, tool }: Pick<UsedTool, 'server' | 'tool'>): UsedTool {
    const tools = this.#servers.get(server) ?? new Map<string, UsedTool>()
    this.#servers.set(server, tools)
    const known = tools.get(tool)
    if (known !== undefined) return known
    this.#count += 1
    const used: UsedTool = { server, tool, number: this.#count, lastAt: -1 }
    tools.set(tool, used)
    return used
  }

  forget({ server, tool }: UsedTool): void {
    const tools = this.#servers.get(server)
    tools?.delete(tool)
    if (tools?.size === 0) this.#servers.delete(server)
  }
}
