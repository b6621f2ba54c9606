import { createInterface } from 'node:readline'
import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'

/** Before this version, tools had no annotations. */
const OLD_VERSION = '2024-11-05'

let version: JsonValue = ''

function answerTo(method: JsonValue | undefined): JsonObject {
  if (method === 'initialize') {
    const serverInfo = { name: 'two-faced', version: '1.0.0' }
    return { protocolVersion: version, capabilities: { tools: {} }, serverInfo }
  }
  if (method === 'tools/call') return { content: [{ type: 'text', text: 'hello' }] }
  const annotations = version === OLD_VERSION ? {} : { annotations: { readOnlyHint: true } }
  return { tools: [{ name: 'greet', inputSchema: { type: 'object' }, ...annotations }] }
}

/** A server for end-to-end tests that lists its tool by the protocol version of whoever asks, as servers of several versions do. */
for await (const line of createInterface({ input: process.stdin })) {
  const message: unknown = JSON.parse(line)
  if (!isJsonObject(message)) continue
  const { id, method, params = null } = message
  if (isJsonObject(params)) version = params['protocolVersion'] ?? version
  if (id === undefined) continue
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: answerTo(method) })}\n`)
}
