import type { AllowedCall, EndVerdict } from '../gate.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'
import type { McpErrorCode } from '../mcp-error.ts'
import { abortedEnd, answerOf, answeredEnd, failedEnd } from './call-end.ts'
import { refusalAnswer } from './gatekeeper.ts'
import type { ProviderComponents } from './provider-components.ts'
import type { PreparedResponse } from './route.ts'
import type { Router } from './router.ts'
import type { Flight, Outcome } from './server-call.ts'
import { Unsent } from './unsent.ts'

export interface CallExitComponents extends Pick<
  ProviderComponents,
  'clock' | 'limits' | 'records' | 'report'
> {
  readonly router: Router<Flight>
  /** The server's name. */
  readonly server: string
}

/**
 * The way out of the requests of one server: each comes to one end, whichever is first. Where the
 * gate wants to know the end, what it gives the caller leaves after that.
 *
 * What is being recorded does not hold up the others; it stays in flight, and so bounded in number.
 */
export class CallExit {
  /** What is being recorded, or waits for it. */
  readonly unsent: Unsent
  readonly #components: CallExitComponents

  constructor(components: CallExitComponents) {
    this.#components = components
    this.unsent = new Unsent(components.limits.unsentBytesMax)
  }

  /** Takes note that the gate wants to know the end, which may have come before its answer. */
  allow(flight: Flight, call: AllowedCall): void {
    flight.allowed = call
    if (flight.end !== undefined) void this.#components.records.end(call, flight.end)
  }

  /** Ends a request with a response: the server's own, or without its answer for that reason. */
  async finish(flight: Flight, response: JsonRpcMessage, failure?: McpErrorCode): Promise<void> {
    if (flight.end !== undefined) return
    const prepared = flight.route.prepare(response)
    const answer = answerOf(prepared.message, prepared.line)
    flight.end = failure === undefined ? answeredEnd(answer) : failedEnd(failure, answer)
    const { allowed } = flight
    if (allowed === undefined) return this.#send(flight, prepared)
    const verdict = this.#components.records.end(allowed, flight.end)
    await this.unsent.add(prepared.line.length, this.#sendAfter(verdict, flight, prepared))
  }

  /** Ends a request that nobody waits for any more; says whether it had come to no other end before. */
  abandon(flight: Flight): boolean {
    if (flight.end !== undefined) return false
    flight.end = abortedEnd(flight.signal.reason)
    if (flight.allowed !== undefined) void this.#components.records.end(flight.allowed, flight.end)
    this.#leave(flight, 'cancelled')
    return true
  }

  async #sendAfter(
    verdict: Promise<EndVerdict>,
    flight: Flight,
    prepared: PreparedResponse,
  ): Promise<void> {
    const { route, asked } = flight
    const said = await verdict
    await this.#send(flight, said.allowed ? prepared : route.prepare(refusalAnswer(asked, said)))
  }

  #send(flight: Flight, prepared: PreparedResponse): Promise<void> {
    this.#leave(flight, Object.hasOwn(prepared.message, 'result') ? 'result' : 'error')
    return flight.route.finish(prepared)
  }

  #leave(flight: Flight, outcome: Outcome): void {
    const { router, clock, report, server } = this.#components
    if (router.get(flight.sent.id) === flight) router.take(flight.sent.id)
    report({
      type: 'answered',
      caller: flight.caller.did,
      server,
      method: flight.asked.method,
      outcome,
      durationMs: clock.monotonicMs() - flight.startedMs,
    })
  }
}
