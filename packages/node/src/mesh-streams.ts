import type { Caller, MeshStream, OpenStream, Provider } from '@warren/mcp'
import type { FreshnessState } from '@warren/membership'
import { localStreamPair } from './local-stream.ts'
import { NodeError } from './node-error.ts'

export interface MeshStreamsInit {
  readonly self: Caller
  readonly network: { openCall(did: string, signal: AbortSignal): Promise<MeshStream> }
  readonly provider: Pick<Provider, 'serve'>
  /** How fresh what this node knows of the mesh is, as far as calls of that server go, or where none is named as far as any do. */
  readonly freshness: (server: string | undefined) => FreshnessState
}

/** Opens call streams to any member: through the mesh, or inside this process to the node's own servers. */
export class MeshStreams {
  readonly #init: MeshStreamsInit
  /** Those to other members that are under way, and of which server they are. */
  readonly #open = new Map<MeshStream, string>()

  constructor(init: MeshStreamsInit) {
    this.#init = init
  }

  /** How to open a stream to that member, for calls of one server or to ask what is offered. */
  to(did: string, server?: string): OpenStream {
    const { self, network } = this.#init
    if (did === self.did) return () => this.#openHere()
    return async (signal) => {
      this.#checkFresh(server)
      const stream = await network.openCall(did, signal)
      if (server !== undefined) this.#keep(stream, server)
      return stream
    }
  }

  /** Ends the calls of all servers of other members but some. */
  endBut(servers: ReadonlySet<string>): void {
    for (const [stream, server] of this.#open) if (!servers.has(server)) stream.abort(stale())
  }

  #keep(stream: MeshStream, server: string): void {
    this.#open.set(stream, server)
    stream.signal.addEventListener('abort', () => this.#open.delete(stream), { once: true })
    if (stream.signal.aborted) this.#open.delete(stream)
    // What has become too old while the stream was opened has not been ended with the others.
    if (this.#init.freshness(server) === 'stop') stream.abort(stale())
  }

  /** Whoever is called learns the arguments: nobody is, of whom this node cannot know that it is a member still. */
  #checkFresh(server: string | undefined): void {
    const state = this.#init.freshness(server)
    if (state === 'stop' || state === 'deny-new') throw stale()
  }

  #openHere(): Promise<MeshStream> {
    const { self, provider } = this.#init
    const [near, far] = localStreamPair()
    // `serve` never rejects: what goes wrong is told to the stream's other end.
    void provider.serve(far, self)
    return Promise.resolve(near)
  }
}

/** Why this node, whose knowledge is too old, calls nobody. */
export function stale(): NodeError {
  const message =
    'this node cannot show that it knows of the latest revocations, and calls nobody; "warren status" says why'
  return new NodeError('knowledge-stale', message)
}
