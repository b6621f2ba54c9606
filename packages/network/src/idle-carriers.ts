import type { Clock } from '@warren/core'
import type { Carrier } from './call-stream.ts'
import { NetworkError } from './network-error.ts'

export interface IdleCarriersInit {
  readonly clock: Clock
  readonly countMax: number
  /** Shorter than the other side keeps an idle stream. */
  readonly ageMaxMs: number
}

interface Idle {
  readonly carrier: Carrier
  readonly sinceMs: number
  readonly forget: () => void
}

/** Streams that have carried a call to its end on both sides and may carry another one. Bounded in number and age. */
export class IdleCarriers {
  readonly #init: IdleCarriersInit
  readonly #idle: Idle[] = []
  #closed = false

  constructor(init: IdleCarriersInit) {
    this.#init = init
  }

  /** Keeps a stream, or closes it where there are enough or it is not whole. */
  add(carrier: Carrier): void {
    const { stream } = carrier
    if (this.#closed || this.#idle.length >= this.#init.countMax || !isWhole(carrier)) {
      closeQuietly(carrier)
      return
    }
    const forget = (): void => {
      const index = this.#idle.findIndex((idle) => idle.carrier === carrier)
      if (index !== -1) this.#idle.splice(index, 1)
    }
    stream.addEventListener('close', forget)
    this.#idle.push({ carrier, sinceMs: this.#init.clock.monotonicMs(), forget })
  }

  /** The stream that was used last, which the other side keeps longest. */
  take(): Carrier | undefined {
    const bornAfterMs = this.#init.clock.monotonicMs() - this.#init.ageMaxMs
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      const { carrier, sinceMs, forget } = idle
      carrier.stream.removeEventListener('close', forget)
      if (sinceMs > bornAfterMs && isWhole(carrier)) return carrier
      closeQuietly(carrier)
    }
    return undefined
  }

  close(): void {
    this.#closed = true
    for (const { carrier, forget } of this.#idle.splice(0)) {
      carrier.stream.removeEventListener('close', forget)
      closeQuietly(carrier)
    }
  }
}

/** Open both ways, and with nothing on it that belongs to no call. */
function isWhole({ stream, reader }: Carrier): boolean {
  return (
    stream.status === 'open' &&
    stream.writeStatus === 'writable' &&
    stream.remoteWriteStatus === 'writable' &&
    reader.isEmpty
  )
}

function closeQuietly({ stream, reader }: Carrier): void {
  if (!reader.isEmpty) {
    stream.abort(new NetworkError('stream-over', 'there are bytes on the stream of no call'))
    return
  }
  stream.close().catch((error: unknown) => {
    const options = { cause: error }
    stream.abort(new NetworkError('stream-over', 'the stream did not close', options))
  })
}
