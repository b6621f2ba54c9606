import type { JsonRpcMessage, JsonRpcRequest } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import type { MeshStream } from '../mesh-stream.ts'
import type { ProviderComponents } from './provider-components.ts'
import { restoreMessage } from './renamed-call.ts'
import type { PreparedResponse, Route } from './route.ts'

/** A way back whose request shares a server with others. */
export interface SharedCall {
  readonly route: Route
  readonly asked: JsonRpcRequest
  readonly stream: MeshStream
}

/**
 * Gives messages their own ids back, and waits only so long for a host that does not read: its
 * stream is cut then, because all who share the server wait with it.
 */
export class PatientRoute implements Route {
  readonly #call: SharedCall
  readonly #components: ProviderComponents

  constructor(call: SharedCall, components: ProviderComponents) {
    this.#call = call
    this.#components = components
  }

  async deliver(message: JsonRpcMessage): Promise<void> {
    const { route, asked } = this.#call
    await this.#impatiently(route.deliver(restoreMessage(message, asked)))
  }

  prepare(response: JsonRpcMessage): PreparedResponse {
    const { route, asked } = this.#call
    return route.prepare(restoreMessage(response, asked))
  }

  async finish(response: PreparedResponse): Promise<void> {
    await this.#impatiently(this.#call.route.finish(response))
  }

  async #impatiently(written: Promise<void>): Promise<void> {
    const { scheduler, limits } = this.#components
    const reason = new McpError('host-stalled', 'the host does not read what it has asked for')
    const stop = scheduler.after(limits.stalledMs, () => this.#call.stream.abort(reason))
    try {
      await written
    } finally {
      stop()
    }
  }
}
