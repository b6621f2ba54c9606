import { connectReceiver } from './connect-receiver.ts'
import type { Delivery, DeliverySession } from './delivery.ts'
import { ExportError } from './export-error.ts'
import type { PlainTarget, TlsTarget } from './export-target.ts'
import { RelpSession } from './relp-session.ts'

/** Syslog over RELP: one connection that stays, on which the receiver acknowledges every message. */
export class RelpDelivery implements Delivery {
  readonly isDurable = false
  readonly #target: PlainTarget | TlsTarget
  #session: RelpSession | undefined

  constructor(target: PlainTarget | TlsTarget) {
    this.#target = target
  }

  async open(signal: AbortSignal): Promise<DeliverySession> {
    const known = this.#session
    if (known !== undefined && known.failure === undefined) return known
    this.#session = undefined
    if (known !== undefined) {
      // What it had acknowledged and not kept is lost with it: that has to show as an outage.
      throw new ExportError('receiver-closed', 'the receiver closed the connection')
    }
    const session = new RelpSession(await connectReceiver(this.#target, signal))
    try {
      await session.begin(signal)
    } catch (error) {
      session.close()
      throw error
    }
    this.#session = session
    return session
  }
}
