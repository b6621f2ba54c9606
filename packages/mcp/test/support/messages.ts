import type { MemoryHost } from './test-mesh.ts'

/** What a request of the stateless era carries. */
export const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** Goes through the handshake of the stateful era, as request 0. */
export async function initialize(host: MemoryHost): Promise<void> {
  const clientInfo = { name: 'test', version: '1' }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  host.say({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
  await host.answerTo(0)
  host.say({ jsonrpc: '2.0', method: 'notifications/initialized' })
}
