import type { Caller, MeshStream, OpenStream, Provider } from '@warren/mcp'
import type { FreshnessState } from '@warren/membership'
import type { Network } from '@warren/network'
import { localStreamPair } from './local-stream.ts'
import { NodeError } from './node-error.ts'

export interface MeshStreamsInit {
  readonly self: Caller
  readonly network: Network
  readonly provider: Provider
  /** How fresh what this node knows of the mesh is, as far as calls of that server go, or where none is named as far as any do. */
  readonly freshness: (server: string | undefined) => FreshnessState
}

/** Opens call streams to any member: through the mesh, or inside this process to the node's own servers. */
export class MeshStreams {
  readonly #init: MeshStreamsInit

  constructor(init: MeshStreamsInit) {
    this.#init = init
  }

  /** How to open a stream to that member, for calls of one server or to ask what is offered. */
  to(did: string, server?: string): OpenStream {
    const { self, network } = this.#init
    if (did === self.did) return () => this.#openHere()
    return async (signal) => {
      this.#checkFresh(server)
      return network.openCall(did, signal)
    }
  }

  /** Whoever is called learns the arguments: nobody is, of whom this node cannot know that it is a member still. */
  #checkFresh(server: string | undefined): void {
    const state = this.#init.freshness(server)
    if (state !== 'stop' && state !== 'deny-new') return
    const message =
      'this node cannot show that it knows of the latest revocations, and calls nobody; "warren status" says why'
    throw new NodeError('knowledge-stale', message)
  }

  #openHere(): Promise<MeshStream> {
    const { self, provider } = this.#init
    const [near, far] = localStreamPair()
    // `serve` never rejects: what goes wrong is told to the stream's other end.
    void provider.serve(far, self)
    return Promise.resolve(near)
  }
}
