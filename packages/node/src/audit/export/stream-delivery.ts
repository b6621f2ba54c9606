import { setTimeout as pause } from 'node:timers/promises'
import { connectReceiver } from './connect-receiver.ts'
import type { Delivery, DeliverySession } from './delivery.ts'
import type { PlainTarget, TlsTarget } from './export-target.ts'
import { ReceiverSocket } from './receiver-socket.ts'

/**
 * Syslog or lines over TCP or TLS, which know no acknowledgement: so each window has a connection of its own, ended in
 * order. A receiver answers that end with its own only when it has read everything before it; where it is gone with
 * bytes unread, its system says so with a reset.
 *
 * A receiver that exits just then, with nothing unread, ends the connection too and looks the same. So we wait a moment
 * before our end, in which its own can only mean that it is going; and what it had read and not kept is what the last
 * window is sent again for.
 */
export class StreamDelivery implements Delivery {
  readonly isDurable = false
  readonly #target: PlainTarget | TlsTarget
  readonly #quietMs: number

  constructor(target: PlainTarget | TlsTarget, quietMs: number) {
    this.#target = target
    this.#quietMs = quietMs
  }

  async open(signal: AbortSignal): Promise<DeliverySession> {
    const socket = new ReceiverSocket(await connectReceiver(this.#target, signal), () => {
      // Nothing that a receiver of syslog says means anything.
    })
    return {
      failure: undefined,
      deliver: async (messages, bound) =>
        socket.within(bound, async () => {
          await socket.send(messages)
          await socket.before(pause(this.#quietMs))
          await socket.end()
        }),
      close: () => socket.close(),
    }
  }
}
