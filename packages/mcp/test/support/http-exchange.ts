import {
  type ExchangeRequest,
  type ExchangeResponse,
  type JsonRpcMessage,
  openExchange,
} from '@warren/mcp'
import { eventually, type TestMesh } from './test-mesh.ts'

/** Opens an exchange with the server "web" of a mesh, as its caller. */
export function exchange(
  mesh: TestMesh,
  asks: Partial<ExchangeRequest>,
): Promise<ExchangeResponse> {
  const asked = { method: 'POST', headers: {}, ...asks } as const
  const { signal } = new AbortController()
  return openExchange(mesh.peer('web'), asked, { signal, components: mesh.components })
}

/** The whole body as text. */
export async function bodyOf(response: ExchangeResponse): Promise<string> {
  return Buffer.concat(await Array.fromAsync(response.body)).toString()
}

/** The body as it comes. */
export class HeardBody {
  text = ''
  readonly whole: Promise<void>

  constructor(response: ExchangeResponse) {
    this.whole = this.#read(response)
    // Whoever waits for the end hears of its failure.
    this.whole.catch(() => {})
  }

  async hears(text: string): Promise<void> {
    await eventually(() => this.text.includes(text))
  }

  async #read({ body }: ExchangeResponse): Promise<void> {
    for await (const chunk of body) this.text += Buffer.from(chunk).toString()
  }
}

export function request(
  method: string,
  params: object = {},
  id: string | number = 1,
): JsonRpcMessage {
  return { jsonrpc: '2.0', id, method, params: { ...params } }
}

/** A session of the server; the fields that name it. */
export async function begin(mesh: TestMesh): Promise<Record<string, string>> {
  const response = await exchange(mesh, { message: request('initialize', {}, 0) })
  await bodyOf(response)
  return { 'mcp-session-id': response.headers['mcp-session-id'] ?? '' }
}
