import type { MeshStream } from '../mesh-stream.ts'

/** The open streams by caller, so many for each at the most. */
export class CallerStreams {
  readonly #perCallerMax: number
  readonly #byCaller = new Map<string, Set<MeshStream>>()

  constructor(perCallerMax: number) {
    this.#perCallerMax = perCallerMax
  }

  get size(): number {
    return [...this.#byCaller.values()].reduce((sum, streams) => sum + streams.size, 0)
  }

  /** Says whether there was room for it. */
  add(did: string, stream: MeshStream): boolean {
    const streams = this.#byCaller.get(did) ?? new Set()
    if (streams.size >= this.#perCallerMax) return false
    streams.add(stream)
    this.#byCaller.set(did, streams)
    return true
  }

  delete(did: string, stream: MeshStream): void {
    const streams = this.#byCaller.get(did)
    streams?.delete(stream)
    if (streams?.size === 0) this.#byCaller.delete(did)
  }

  /** Cuts the streams of one caller, or all. */
  abort(reason: Error, did?: string): void {
    for (const [owner, streams] of this.#byCaller) {
      if (did !== undefined && owner !== did) continue
      for (const stream of streams) stream.abort(reason)
    }
  }
}
