/** How long a nonce waits for answers: as far as an answer may put a clock ahead. */
export const ANSWER_MS_MAX = 10_000
/** Nonces that wait at one time; the oldest is forgotten first. */
export const NONCES_OPEN_MAX = 4

interface OpenNonce {
  readonly nonce: string
  readonly sentMs: number
}

/** The nonces of this boot that wait for answers: an immutable value. */
export class OpenNonces {
  static readonly none: OpenNonces = new OpenNonces([], undefined)

  /** When the newest was opened, whether it still waits or not. */
  readonly lastMs: number | undefined
  readonly #open: readonly OpenNonce[]

  private constructor(open: readonly OpenNonce[], lastMs: number | undefined) {
    this.#open = open
    this.lastMs = lastMs
  }

  open(nonce: string, sentMs: number): OpenNonces {
    return new OpenNonces([...this.#open, { nonce, sentMs }].slice(-NONCES_OPEN_MAX), sentMs)
  }

  /** When a nonce was sent; undefined when it is not ours, or waits no longer. */
  sentMs(nonce: string, nowMs: number): number | undefined {
    const found = this.#open.find((each) => each.nonce === nonce)
    return found !== undefined && nowMs - found.sentMs <= ANSWER_MS_MAX ? found.sentMs : undefined
  }
}
