import { HttpTarget } from '../http/http-call.ts'
import { asMcpError, McpError } from '../mcp-error.ts'
import type { HttpServer } from '../server-definition.ts'

/** The way to a server, for as long as its definition stands. */
export interface Way {
  readonly server: string
  readonly target: HttpTarget
  /** Aborted when the definition is withdrawn. */
  readonly withdrawn: AbortSignal
}

interface Entry {
  readonly way: Way
  readonly end: AbortController
}

/** The ways to the servers over HTTP, one for each definition in force. */
export class ServerWays {
  readonly #ways = new Map<string, Entry>()

  /** The way to a server by its definition in force. */
  to({ name, url, headers = {} }: HttpServer): Way {
    const known = this.#ways.get(name)
    if (known !== undefined) return known.way
    const end = new AbortController()
    const way = { server: name, target: new HttpTarget(url, headers), withdrawn: end.signal }
    this.#ways.set(name, { way, end })
    return way
  }

  /** Where the sessions at a server are ended; nothing where nobody has gone to it by its definition in force. */
  targetOf(server: string): HttpTarget | undefined {
    return this.#ways.get(server)?.way.target
  }

  /** Takes the way to one server out, or all of them, so that what begins now goes by the definition in force. */
  withdraw(server: string | undefined, reason: McpError): readonly Way[] {
    const taken = [...this.#ways.values()].filter(
      ({ way }) => (server ?? way.server) === way.server,
    )
    for (const { way, end } of taken) {
      this.#ways.delete(way.server)
      end.abort(reason)
    }
    return taken.map(({ way }) => way)
  }
}

/**
 * Requires that a way is still the one to its server.
 *
 * @throws McpError what `find` throws where there is no such server any more, and the reason where there is another one
 */
export function requireOffered({ withdrawn }: Way, find: () => HttpServer): void {
  if (!withdrawn.aborted) return
  find()
  throw asMcpError(
    withdrawn.reason,
    'server-withdrawn',
    'the provider no longer offers this server',
  )
}

/** Why a server has not answered: its definition was withdrawn, or it cannot be reached. */
export function reasonOf(error: unknown, { withdrawn }: Way, sentence: string): McpError {
  const { reason, aborted } = withdrawn
  const cause: unknown = aborted && reason instanceof McpError ? reason : error
  return asMcpError(cause, 'server-unreachable', sentence)
}
