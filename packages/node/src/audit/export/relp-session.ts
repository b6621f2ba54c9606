import type { Socket } from 'node:net'
import type { DeliverySession, Messages } from './delivery.ts'
import { ExportError } from './export-error.ts'
import { ReceiverSocket } from './receiver-socket.ts'
import { encodeRelpFrame, RELP_TXNR_MAX, type RelpFrame, RelpFrameReader } from './relp-frame.ts'

/** Messages under way without an answer. */
const UNANSWERED_MAX = 128
const OFFERS = 'relp_version=0\nrelp_software=warren\ncommands=syslog'
const ACCEPTED = /^200(?: |$)/
const REASON_LENGTH_MAX = 80

/** One RELP connection to a receiver. */
export class RelpSession implements DeliverySession {
  readonly #socket: ReceiverSocket
  readonly #reader = new RelpFrameReader()
  readonly #unanswered = new Set<number>()
  #waiting: { readonly atMost: number; readonly resolve: () => void } | undefined
  #txnr = 0

  constructor(socket: Socket) {
    this.#socket = new ReceiverSocket(socket, (chunk) => this.#onData(chunk))
  }

  get failure(): ExportError | undefined {
    return this.#socket.failure
  }

  /** Agrees with the receiver on what is to come. */
  async begin(signal: AbortSignal): Promise<void> {
    await this.#exchange('open', [Buffer.from(OFFERS)], signal)
  }

  async deliver(messages: Messages, signal: AbortSignal): Promise<void> {
    await this.#exchange('syslog', messages, signal)
  }

  close(): void {
    this.#socket.close()
  }

  async #exchange(command: string, messages: Messages, signal: AbortSignal): Promise<void> {
    await this.#socket.within(signal, async () => {
      await this.#socket.send(this.#frames(command, messages), () =>
        this.#unanswered.size > UNANSWERED_MAX ? this.#untilUnanswered(UNANSWERED_MAX) : undefined,
      )
      await this.#socket.before(this.#untilUnanswered(0))
    })
  }

  *#frames(command: string, messages: Messages): Generator<Uint8Array> {
    for (const message of messages) {
      this.#txnr = this.#txnr === RELP_TXNR_MAX ? 1 : this.#txnr + 1
      this.#unanswered.add(this.#txnr)
      yield encodeRelpFrame(this.#txnr, command, message)
    }
  }

  async #untilUnanswered(atMost: number): Promise<void> {
    if (this.#unanswered.size <= atMost) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting = { atMost, resolve }
    await promise
  }

  #onData(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#onFrame(frame)
    } catch (error) {
      if (!(error instanceof ExportError)) throw error
      this.#socket.fail(error.code, error.message)
    }
  }

  #onFrame({ txnr, command, data }: RelpFrame): void {
    if (command === 'serverclose') {
      throw new ExportError('receiver-closed', 'the receiver is closing')
    }
    if (command !== 'rsp' || !this.#unanswered.delete(txnr)) {
      throw new ExportError('receiver-refused', 'the receiver answered what nobody asked')
    }
    if (!ACCEPTED.test(data)) {
      const reason = JSON.stringify(data.slice(0, REASON_LENGTH_MAX))
      throw new ExportError('receiver-refused', `the receiver refused a message: ${reason}`)
    }
    if (this.#waiting === undefined || this.#unanswered.size > this.#waiting.atMost) return
    this.#waiting.resolve()
    this.#waiting = undefined
  }
}
