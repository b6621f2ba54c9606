import type { Stream } from '@libp2p/interface'
import { setImmediate as nextRound } from 'node:timers/promises'
import { readSelection, type SelectionName } from './multistream-lines.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { PeerLink } from './peer-link.ts'
import { StreamReader } from './stream-reader.ts'

/** Serves one of our protocols on an inbound stream, whose selection has been read and not been repeated yet. */
export type StreamHandler = (stream: Stream, reader: StreamReader) => Promise<void>

export interface StreamHandlers {
  readonly admission: StreamHandler
  readonly call: StreamHandler
  readonly audit: StreamHandler
  /** Absent where no records are exchanged. */
  readonly records?: StreamHandler
  /** Absent where nobody can join. */
  readonly join?: StreamHandler
}

/**
 * Decides what an inbound stream of one connection may be for.
 *
 * Until both sides have admitted each other that is admission, once, and joining where it is
 * offered; everything else is reset and libp2p never sees it. Then come the records of the mesh, on one
 * stream, and what else there is waits until the connection is settled. From there on our own protocols are
 * served here and all others are handed to libp2p untouched.
 */
export class StreamDoorKeeper {
  readonly #link: PeerLink
  readonly #handlers: StreamHandlers
  readonly #limits: NetworkLimits
  #strangerStreams = 0
  #negotiations = 0
  #hasRecords = false

  constructor(link: PeerLink, handlers: StreamHandlers, limits: NetworkLimits) {
    this.#link = link
    this.#handlers = handlers
    this.#limits = limits
  }

  receive(stream: Stream, handOver: () => void): void {
    if (!this.#isWithinLimits()) {
      stream.abort(new NetworkError('stream-reset', 'too many streams at once'))
      return
    }
    this.#serve(stream, handOver).catch((error: unknown) => {
      stream.abort(error instanceof Error ? error : new NetworkError('stream-reset', String(error)))
    })
  }

  #isWithinLimits(): boolean {
    const { negotiationsMax, strangerStreamsMax } = this.#limits
    if (this.#link.state === 'closed' || this.#negotiations >= negotiationsMax) return false
    if (this.#isJudged()) return true
    this.#strangerStreams += 1
    return this.#strangerStreams <= strangerStreamsMax
  }

  async #serve(stream: Stream, handOver: () => void): Promise<void> {
    const reader = new StreamReader(stream, this.#limits.readAheadBytes)
    const name = await this.#negotiate(stream, reader)
    if (name === 'admission' || name === 'join') {
      await this.#strangerHandler(name)(stream, reader)
      return
    }
    if (name === 'records') {
      await this.#serveRecords(stream, reader)
      return
    }
    const isEarly = this.#link.state !== 'admitted'
    if (isEarly) await this.#untilAdmitted()
    if (name === 'call' || name === 'audit') {
      await this.#handlers[name](stream, reader)
    } else {
      // Where this connection takes over from another, libp2p lets go of that one first.
      if (isEarly) await nextRound()
      reader.detach()
      handOver()
    }
  }

  async #negotiate(stream: Stream, reader: StreamReader): Promise<SelectionName | 'other'> {
    const timer = setTimeout(() => {
      stream.abort(new NetworkError('stream-reset', 'nothing was selected in time'))
    }, this.#limits.negotiationTimeoutMs)
    this.#negotiations += 1
    try {
      return await readSelection(reader)
    } finally {
      this.#negotiations -= 1
      clearTimeout(timer)
    }
  }

  #strangerHandler(name: 'admission' | 'join'): StreamHandler {
    const handler = this.#handlers[name]
    const exchange = name === 'join' ? 'joining' : 'admitting'
    const isAsked = this.#link.direction === 'inbound'
    if (handler === undefined || !isAsked || !this.#link.begin(exchange)) throw notAdmitted()
    return handler
  }

  /** One stream for the whole connection, which the peer may have opened a moment before its verdict was read. */
  async #serveRecords(stream: Stream, reader: StreamReader): Promise<void> {
    const { records } = this.#handlers
    if (records === undefined || this.#hasRecords || !this.#isJudged()) throw notAdmitted()
    this.#hasRecords = true
    await this.#link.verdicts
    await records(stream, reader)
  }

  /** The peer may be ahead by what its verdict takes, or by what settling takes here; nobody else is waited for. */
  async #untilAdmitted(): Promise<void> {
    if (!this.#isJudged()) throw notAdmitted()
    await this.#link.admission
  }

  #isJudged(): boolean {
    const { state } = this.#link
    return state === 'judged' || state === 'settling' || state === 'admitted'
  }
}

function notAdmitted(): NetworkError {
  return new NetworkError('protocol-refused', 'a stranger may not speak this protocol')
}
