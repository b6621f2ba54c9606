import type { Caller, MeshStream, OpenStream, Provider } from '@warren/mcp'
import type { Network } from '@warren/network'
import { localStreamPair } from './local-stream.ts'

export interface MeshStreamsInit {
  readonly self: Caller
  readonly network: Network
  readonly provider: Provider
}

/** Opens call streams to any member: through the mesh, or inside this process to the node's own servers. */
export class MeshStreams {
  readonly #init: MeshStreamsInit

  constructor(init: MeshStreamsInit) {
    this.#init = init
  }

  /** How to open a stream to that member. */
  to(did: string): OpenStream {
    const { self, network } = this.#init
    return did === self.did ? () => this.#openHere() : (signal) => network.openCall(did, signal)
  }

  #openHere(): Promise<MeshStream> {
    const { self, provider } = this.#init
    const [near, far] = localStreamPair()
    // `serve` never rejects: what goes wrong is told to the stream's other end.
    void provider.serve(far, self)
    return Promise.resolve(near)
  }
}
