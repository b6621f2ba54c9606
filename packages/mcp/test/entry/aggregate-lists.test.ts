import { expect, test } from 'vitest'
import { type Answer, AggregateHost } from './support/aggregate-host.ts'
import { handshake, scripted } from './support/servers.ts'
import { StreamEndpoint, TestCatalog } from './support/stream-endpoint.ts'

const CAPABLE = handshake({ tools: {}, resources: {}, prompts: {} })

/** A server that lists these items in pages of this size. */
function lister(tools: readonly object[], pageSize = 100): StreamEndpoint {
  return new StreamEndpoint(
    scripted({
      ...CAPABLE,
      'tools/list': ({ cursor }) => {
        const start = Number(cursor ?? 0)
        const next = start + pageSize
        const page = { tools: tools.slice(start, next) }
        return next < tools.length ? { ...page, nextCursor: String(next) } : page
      },
      'resources/list': () => ({ resources: [{ uri: 'shared://a', name: 'a' }] }),
      'resources/read': ({ uri }) => ({ contents: [{ uri, text: 'read' }] }),
    }),
  )
}

function toolsOf({ result }: Answer): readonly Record<string, unknown>[] {
  return result?.['tools'] as Record<string, unknown>[]
}

function omittedOf({ result }: Answer): unknown {
  return result?.['_meta']?.['warren.internal/omitted']
}

test(
  'every member of a tool is kept; name, title and origin are ours',
  { tags: ['MCP-47'] },
  async () => {
    const tool = {
      name: 'read',
      description: 'Reads',
      inputSchema: { type: 'object', 'x-in': 'path' },
      annotations: { title: 'Read it', 'x-risk': 3 },
      icons: [{ src: 'data:,', 'x-sub': 1 }],
      'x-vendor': { a: [1, null] },
      _meta: { 'vendor/key': true },
    }
    const host = await AggregateHost.legacy(new TestCatalog().add('pump', lister([tool])))
    const [shown] = toolsOf(await host.ask('tools/list'))
    expect(shown).toEqual({
      ...tool,
      name: 'pump__read',
      title: 'Read it (pump)',
      _meta: {
        'vendor/key': true,
        'warren.internal/origin': {
          did: 'did:webvh:Qmpump:warren.internal',
          server: 'pump',
          tool: 'read',
        },
      },
    })
  },
)

test('the order does not depend on that of servers or tools', { tags: ['MCP-47'] }, async () => {
  const tools = ['b', 'c', 'a'].map((name) => ({ name, inputSchema: {} }))
  const one = new TestCatalog().add('x', lister(tools)).add('y', lister(tools))
  const other = new TestCatalog()
    .add('y', lister(tools.toReversed()))
    .add('x', lister(tools.toReversed()))
  const names = await (await AggregateHost.legacy(one)).names()
  expect(names).toEqual(['x__a', 'x__b', 'x__c', 'y__a', 'y__b', 'y__c'])
  expect(await (await AggregateHost.legacy(other)).names()).toEqual(names)
})

test(
  'what a list goes without is named, with the reason',
  { tags: ['MCP-47', 'MCP-48'] },
  async () => {
    const catalog = new TestCatalog()
      .add('good', lister([{ name: 'a' }, { name: 'a' }, { description: 'nameless' }]))
      .add(
        'endless',
        new StreamEndpoint(
          scripted({ ...CAPABLE, 'tools/list': () => ({ tools: [], nextCursor: 'x' }) }),
        ),
      )
      .add('failing', new StreamEndpoint(scripted(CAPABLE)))
    const host = await AggregateHost.legacy(catalog)
    const answer = await host.ask('tools/list')
    expect(toolsOf(answer)).toHaveLength(1)
    expect(omittedOf(answer)).toEqual([
      { alias: 'endless', reason: 'its answer to tools/list is too long' },
      { alias: 'failing', reason: 'it answered tools/list with an error (-32601)' },
      { alias: 'good', name: 'a', reason: 'its server lists it twice' },
      { alias: 'good', name: '', reason: 'it has no usable name' },
    ])
  },
)

test(
  'a name that a server made to look like a cut one is shown by nobody',
  { tags: ['MCP-46', 'MCP-47'] },
  async () => {
    const host = await AggregateHost.legacy(new TestCatalog().add('p', lister([{ name: 'a.b' }])))
    const [cut = ''] = await host.names()
    const forged = [{ name: 'a.b' }, { name: cut.slice('p__'.length) }, { name: 'fine' }]
    const other = await AggregateHost.legacy(new TestCatalog().add('p', lister(forged)))
    const answer = await other.ask('tools/list')
    expect(toolsOf(answer).map(({ name }) => name)).toEqual(['p__fine'])
    expect(omittedOf(answer)).toHaveLength(2)
  },
)

test(
  'all pages of a server are read, and a host gets pages that neither repeat nor lose',
  { tags: ['MCP-48'] },
  async () => {
    const tools = Array.from({ length: 25 }, (_, index) => ({
      name: `t${String(index).padStart(2, '0')}`,
    }))
    const catalog = new TestCatalog().add('a', lister(tools, 7)).add('b', lister([{ name: 'x' }]))
    const host = await AggregateHost.legacy(catalog, { limits: { pageItemsMax: 10 } })
    const names: unknown[] = []
    const sizes: number[] = []
    let cursor: unknown
    do {
      const answer = await host.ask('tools/list', cursor === undefined ? {} : { cursor })
      const page = toolsOf(answer).map(({ name }) => name)
      names.push(...page)
      sizes.push(page.length)
      cursor = answer.result?.['nextCursor']
    } while (cursor !== undefined)
    expect(sizes).toEqual([10, 10, 6])
    expect(names).toEqual([...tools.map(({ name }) => `a__${name}`), 'b__x'])
  },
)

test(
  'a page goes on where it stopped, though a server before it has gone',
  { tags: ['MCP-48'] },
  async () => {
    const catalog = new TestCatalog()
      .add('a', lister([{ name: '1' }, { name: '2' }]))
      .add('b', lister([{ name: '3' }]))
    const host = await AggregateHost.legacy(catalog, { limits: { pageItemsMax: 2 } })
    const first = await host.ask('tools/list')
    catalog.remove('a')
    const second = await host.ask('tools/list', { cursor: first.result?.['nextCursor'] })
    expect(toolsOf(second).map(({ name }) => name)).toEqual(['b__3'])
  },
)

test.for(['', 'x', '!!', 'AAAA', 7, null])(
  'the cursor %j, which is not ours, is refused',
  { tags: ['MCP-48'] },
  async (cursor) => {
    const host = await AggregateHost.legacy(new TestCatalog().add('a', lister([{ name: '1' }])))
    expect((await host.ask('tools/list', { cursor })).error).toMatchObject({ code: -32_602 })
  },
)

test.for([
  { itemsMax: 3, omitted: false },
  { itemsMax: 2, omitted: true },
])(
  'a server with 3 tools where $itemsMax are allowed: left out is $omitted',
  { tags: ['MCP-48'] },
  async ({ itemsMax, omitted }) => {
    const tools = [{ name: '1' }, { name: '2' }, { name: '3' }]
    const host = await AggregateHost.legacy(new TestCatalog().add('a', lister(tools)), {
      limits: { itemsMax },
    })
    expect(omittedOf(await host.ask('tools/list')) !== undefined).toBe(omitted)
  },
)

test('servers beyond the limit are named', { tags: ['MCP-47'] }, async () => {
  const catalog = new TestCatalog()
    .add('a', lister([{ name: '1' }]))
    .add('b', lister([{ name: '2' }]))
  const host = await AggregateHost.legacy(catalog, { limits: { serversMax: 1 } })
  const answer = await host.ask('tools/list')
  expect(toolsOf(answer)).toHaveLength(1)
  expect(omittedOf(answer)).toEqual([{ alias: 'b', reason: 'only 1 servers are shown at once' }])
})

test(
  'a URI of two servers is shown twice and marked, and not read',
  { tags: ['MCP-49'] },
  async () => {
    const catalog = new TestCatalog().add('a', lister([])).add('b', lister([]))
    const host = await AggregateHost.legacy(catalog)
    const { result } = await host.ask('resources/list')
    expect(result?.['resources']).toMatchObject([
      {
        uri: 'shared://a',
        _meta: {
          'warren.internal/collision': ['a', 'b'],
          'warren.internal/origin': { server: 'a' },
        },
      },
      {
        uri: 'shared://a',
        _meta: {
          'warren.internal/collision': ['a', 'b'],
          'warren.internal/origin': { server: 'b' },
        },
      },
    ])
    const { error } = await host.ask('resources/read', { uri: 'shared://a' })
    expect(error).toMatchObject({ code: -32_602, data: { code: 'name-ambiguous' } })
    expect(error?.message).toContain('a, b')
  },
)

test('a URI of one server is shown and read as it is', { tags: ['MCP-49'] }, async () => {
  const host = await AggregateHost.legacy(new TestCatalog().add('a', lister([])))
  const { result } = await host.ask('resources/list')
  expect(result?.['resources']).toMatchObject([{ uri: 'shared://a', name: 'a' }])
  expect((await host.ask('resources/read', { uri: 'shared://a' })).result).toEqual({
    contents: [{ uri: 'shared://a', text: 'read' }],
  })
  expect((await host.ask('resources/read', { uri: 'other://a' })).error).toMatchObject({
    data: { code: 'resource-unknown' },
  })
})

test('a URI that a result has named is read where it was named', { tags: ['MCP-49'] }, async () => {
  const linking = new StreamEndpoint(
    scripted({
      ...handshake({ tools: {}, resources: {} }),
      'tools/list': () => ({ tools: [{ name: 'link' }] }),
      'resources/list': () => ({ resources: [] }),
      'resources/templates/list': () => ({ resourceTemplates: [] }),
      'tools/call': () => ({ content: [{ type: 'resource_link', uri: 'hidden://1', name: 'x' }] }),
      'resources/read': ({ uri }) => ({ contents: [{ uri, text: 'found' }] }),
    }),
  )
  const host = await AggregateHost.legacy(new TestCatalog().add('a', linking))
  expect((await host.ask('resources/read', { uri: 'hidden://1' })).error).toBeDefined()
  await host.ask('tools/call', { name: 'a__link' })
  expect((await host.ask('resources/read', { uri: 'hidden://1' })).result).toMatchObject({
    contents: [{ text: 'found' }],
  })
})

test('a server without a capability is not asked for it', { tags: ['MCP-51'] }, async () => {
  const bare = new StreamEndpoint(scripted(handshake({ tools: {} })))
  const host = await AggregateHost.legacy(new TestCatalog().add('a', bare))
  const { result } = await host.ask('prompts/list')
  expect(result).toEqual({ prompts: [] })
  expect(bare.heard.map((message) => message['method'])).not.toContain('prompts/list')
})
