import type { MeshStream } from '../mesh-stream.ts'

/** The streams under way by caller, so many for each at the most. */
export class CallerStreams {
  readonly #perCallerMax: number
  readonly #byCaller = new Map<string, Map<MeshStream, Promise<void>>>()

  constructor(perCallerMax: number) {
    this.#perCallerMax = perCallerMax
  }

  get size(): number {
    return [...this.#byCaller.values()].reduce((sum, streams) => sum + streams.size, 0)
  }

  /** Says whether there is room for one more. */
  hasRoom(did: string): boolean {
    return (this.#byCaller.get(did)?.size ?? 0) < this.#perCallerMax
  }

  /** Keeps a stream until it has been served. */
  async keep(did: string, stream: MeshStream, served: Promise<void>): Promise<void> {
    const streams = this.#byCaller.get(did) ?? new Map<MeshStream, Promise<void>>()
    this.#byCaller.set(did, streams.set(stream, served))
    try {
      await served
    } finally {
      streams.delete(stream)
      if (streams.size === 0) this.#byCaller.delete(did)
    }
  }

  /** Cuts the streams of one caller, or all; resolves when none of them is served any more. */
  async cut(reason: Error, did?: string): Promise<void> {
    const ending: Promise<void>[] = []
    for (const [owner, streams] of this.#byCaller) {
      if (did !== undefined && owner !== did) continue
      for (const [stream, served] of streams) {
        stream.abort(reason)
        ending.push(served)
      }
    }
    await Promise.all(ending)
  }
}
