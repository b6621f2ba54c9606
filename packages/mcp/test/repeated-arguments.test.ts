import type { JsonRpcMessage } from '@warren/mcp'
import { expect, test } from 'vitest'
import { RepeatedArguments } from '../src/provider/repeated-arguments.ts'

const LISTS_MAX = 1_024
const LIST: JsonRpcMessage = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
const CALL: JsonRpcMessage = {
  jsonrpc: '2.0',
  id: 2,
  method: 'tools/call',
  params: { name: 'deploy', arguments: { region: 'eu' } },
}
const REGION = { type: 'string', 'x-mcp-header': 'Region' }
const TOOLS = [{ name: 'deploy', inputSchema: { properties: { region: REGION } } }]

test(
  'lists of 1024 callers are remembered; whoever is forgotten has to list again',
  { tags: ['MCP-67'] },
  async () => {
    const repeated = new RepeatedArguments()
    const check = (did: string): void =>
      repeated.check(CALL, { 'mcp-param-region': 'eu' }, { did, server: 'web' })
    const list = async (did: string): Promise<void> => {
      const message: JsonRpcMessage = { jsonrpc: '2.0', id: 1, result: { tools: TOOLS } }
      const end = { outcome: 'answered', answer: { message, bytes: 0 } } as const
      await repeated.learning(LIST, { did, server: 'web' })?.ended(end)
    }
    await list('did:first')
    for (let each = 1; each < LISTS_MAX; each += 1) await list(`did:${each}`)
    expect(() => check('did:first')).not.toThrow()
    await list('did:one-more')
    expect(() => check('did:one-more')).not.toThrow()
    expect(() => check('did:first')).toThrow(expect.objectContaining({ code: 'header-mismatch' }))
  },
)
