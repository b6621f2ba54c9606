import { McpError } from '@warren/mcp'
import { describe, expect, test } from 'vitest'
import { AggregateHost, ENVELOPE, textOf } from './support/aggregate-host.ts'
import { bothEras, handshake, legacyOnly, scripted } from './support/servers.ts'
import { StreamEndpoint, TestCatalog } from './support/stream-endpoint.ts'

/** A server with one tool `t` that never answers. */
function mute(): StreamEndpoint {
  return new StreamEndpoint(
    scripted({
      ...handshake({ tools: { listChanged: true } }),
      'tools/list': () => ({ tools: [{ name: 't' }] }),
      'tools/call': () => undefined,
    }),
  )
}

describe('a server that is not there', () => {
  test(
    'a tool of a peer that has gone answers with isError and a sentence',
    { tags: ['MCP-50'] },
    async () => {
      const catalog = new TestCatalog().add('pump', new StreamEndpoint(legacyOnly('pump')))
      const host = await AggregateHost.legacy(catalog)
      await host.ask('tools/list')
      catalog.remove('pump')
      const answer = await host.ask('tools/call', { name: 'pump__echo', arguments: { text: 'x' } })
      expect(answer.result).toMatchObject({ isError: true })
      expect(textOf(answer)).toBe('the peer that owns "pump" is away')
    },
  )

  test(
    'a call that came to no server is told to whoever writes it down, with the server where it is known',
    { tags: ['AUN-14'] },
    async () => {
      const catalog = new TestCatalog().add('pump', new StreamEndpoint(legacyOnly('pump')))
      const host = await AggregateHost.legacy(catalog)
      await host.ask('tools/list')
      await host.ask('tools/call', { name: 'pump__echo', arguments: { text: 'here' } })
      expect(catalog.told).toEqual([])
      catalog.remove('pump')
      await host.ask('tools/call', { name: 'pump__echo', arguments: { text: 'x' } })
      await host.ask('tools/call', { name: 'nobody__knows', arguments: { text: 'y' } })
      expect(catalog.told).toMatchObject([
        {
          alias: 'pump',
          code: 'peer-unreachable',
          client: expect.any(String),
          request: { method: 'tools/call', params: { name: 'echo', arguments: { text: 'x' } } },
        },
        {
          code: 'tool-unknown',
          request: { params: { name: 'nobody__knows', arguments: { text: 'y' } } },
        },
      ])
      expect(catalog.told[1]).not.toHaveProperty('alias')
    },
  )

  test('in the stateless era that result is complete', { tags: ['MCP-50', 'MCP-54'] }, async () => {
    const catalog = new TestCatalog().add('pump', new StreamEndpoint(bothEras('pump')))
    const host = await new AggregateHost(catalog).open()
    await host.askModern('tools/list')
    catalog.remove('pump')
    const answer = await host.askModern('tools/call', {
      name: 'pump__echo',
      arguments: { text: 'x' },
    })
    expect(answer.result).toMatchObject({ isError: true, resultType: 'complete' })
  })

  test(
    'a server that cannot be opened answers with the reason, and is tried again',
    { tags: ['MCP-50'] },
    async () => {
      const pump = new StreamEndpoint(legacyOnly('pump'))
      const host = await AggregateHost.legacy(new TestCatalog().add('pump', pump))
      await host.ask('tools/list')
      pump.kill()
      pump.refuse = new McpError('server-start-failed', 'the server could not be started')
      await expect
        .poll(async () =>
          textOf(await host.ask('tools/call', { name: 'pump__echo', arguments: { text: 'x' } })),
        )
        .toBe('the server could not be started')
      pump.refuse = undefined
      expect(
        textOf(await host.ask('tools/call', { name: 'pump__echo', arguments: { text: 'x' } })),
      ).toBe('pump: x')
    },
  )

  test('a server that dies during a call ends it with isError', { tags: ['MCP-50'] }, async () => {
    const pump = mute()
    const host = await AggregateHost.legacy(new TestCatalog().add('pump', pump))
    const id = host.say('tools/call', { name: 'pump__t' })
    await expect.poll(() => pump.heard.some(({ method }) => method === 'tools/call')).toBe(true)
    pump.kill()
    expect(await host.host.answerTo(id)).toMatchObject({ result: { isError: true } })
  })

  test('other methods than tools/call get a coded error', { tags: ['MCP-50'] }, async () => {
    const catalog = new TestCatalog().add('pump', new StreamEndpoint(bothEras('pump')))
    const host = await AggregateHost.legacy(catalog)
    await host.ask('prompts/list')
    catalog.remove('pump')
    const { error } = await host.ask('prompts/get', {
      name: 'pump__greet',
      arguments: { who: 'x' },
    })
    expect(error).toMatchObject({ code: -32_005, data: { code: 'peer-unreachable' } })
  })

  test('a name that nobody has is refused as a name', { tags: ['MCP-46'] }, async () => {
    const host = await AggregateHost.legacy(new TestCatalog().add('pump', mute()))
    expect((await host.ask('tools/call', { name: 'pump__none' })).error).toMatchObject({
      code: -32_602,
      data: { code: 'tool-unknown' },
    })
  })
})

describe('time', () => {
  test(
    'a silent call ends in time, and the server is told',
    { tags: ['MCP-50', 'MCP-52'] },
    async () => {
      const pump = mute()
      const host = await AggregateHost.legacy(new TestCatalog().add('pump', pump), {
        limits: { callSilenceMs: 50 },
      })
      const answer = await host.ask('tools/call', { name: 'pump__t' })
      expect(answer.result).toMatchObject({ isError: true })
      expect(textOf(answer)).toContain('silent')
      await expect
        .poll(() => pump.heard.some(({ method }) => method === 'notifications/cancelled'))
        .toBe(true)
    },
  )

  test(
    'progress keeps a call alive, but not beyond its whole time',
    { tags: ['MCP-50'] },
    async () => {
      const catalog = new TestCatalog().add('pump', new StreamEndpoint(bothEras('pump')))
      const limits = { callSilenceMs: 400, callMs: 100_000 }
      const host = await AggregateHost.legacy(catalog, { limits })
      const params = {
        name: 'pump__count',
        arguments: { n: 25, pauseMs: 25 },
        _meta: { progressToken: 'p' },
      }
      expect(textOf(await host.ask('tools/call', params))).toBe('pump counted to 25')
      const short = await AggregateHost.legacy(catalog, { limits: { ...limits, callMs: 100 } })
      expect(textOf(await short.ask('tools/call', params))).toContain('lasted')
    },
  )

  test(
    'a list does not wait for a slow server, and the host is told when it comes',
    { tags: ['MCP-50', 'MCP-53'] },
    async () => {
      let release: (() => void) | undefined
      const slow = new StreamEndpoint((stream) => {
        const methods = {
          ...handshake({ tools: {} }),
          'tools/list': () => ({ tools: [{ name: 's' }] }),
        }
        release = () => scripted(methods)(stream)
      })
      const catalog = new TestCatalog().add('fast', mute()).add('slow', slow)
      const host = await AggregateHost.legacy(catalog, { limits: { listWaitMs: 200 } })
      const { result } = await host.ask('tools/list')
      expect(result?.['tools']).toHaveLength(1)
      expect(result?.['_meta']?.['warren.internal/omitted']).toEqual([
        { alias: 'slow', reason: 'it has not answered yet' },
      ])
      release?.()
      await host.host.hears(({ method }) => method === 'notifications/tools/list_changed')
      expect(await host.names()).toEqual(['fast__t', 'slow__s'])
    },
  )

  test('a server that never opens is given up in time', { tags: ['MCP-50'] }, async () => {
    const dead = new StreamEndpoint(() => {})
    const host = await AggregateHost.legacy(new TestCatalog().add('dead', dead), {
      limits: { openMs: 50 },
    })
    const { result } = await host.ask('tools/list')
    expect(result?.['_meta']?.['warren.internal/omitted']).toEqual([
      { alias: 'dead', reason: '"dead" did not open in time' },
    ])
    expect(dead.closed).toBe(1)
  })
})

describe('ids and belonging', () => {
  test(
    'backends are opened when they are needed, with the words of the host',
    { tags: ['MCP-51'] },
    async () => {
      const pump = new StreamEndpoint(legacyOnly('pump'))
      const valve = new StreamEndpoint(legacyOnly('valve'))
      const capabilities = { roots: { listChanged: true }, 'x-host': {} }
      const host = await AggregateHost.legacy(
        new TestCatalog().add('pump', pump).add('valve', valve),
        { capabilities },
      )
      expect(pump.opened).toBe(0)
      const said = JSON.parse(
        textOf(await host.ask('tools/call', { name: 'pump__whoami' })),
      ) as object
      expect(said).toMatchObject({ host: 'host', capabilities: { roots: { listChanged: true } } })
      expect(pump.heard[0]).toMatchObject({
        params: { protocolVersion: '2025-06-18', capabilities },
      })
      expect(valve.opened).toBe(0)
    },
  )

  test(
    'two servers that ask at once are two questions, and each gets its own answer',
    { tags: ['MCP-51', 'MCP-52'] },
    async () => {
      const catalog = new TestCatalog()
        .add('pump', new StreamEndpoint(legacyOnly('pump')))
        .add('valve', new StreamEndpoint(legacyOnly('valve')))
      const host = await AggregateHost.legacy(catalog, { capabilities: { elicitation: {} } })
      const calls = ['pump', 'valve'].map((alias) =>
        host.say('tools/call', { name: `${alias}__ask`, arguments: { question: alias } }),
      )
      await expect.poll(() => host.notes('elicitation/create').length).toBe(2)
      const questions = host.notes('elicitation/create')
      expect(new Set(questions.map(({ id }) => id)).size).toBe(2)
      for (const question of questions) {
        const { message } = question['params'] as { message: string }
        const result = { action: 'accept', content: { reply: `to ${message}` } }
        host.host.say({ jsonrpc: '2.0', id: question['id'], result })
      }
      const answers = await Promise.all(calls.map((id) => host.host.answerTo(id)))
      expect(JSON.stringify(answers[0])).toContain('to pump')
      expect(JSON.stringify(answers[1])).toContain('to valve')
    },
  )

  test(
    'a person may think for longer than a call may be silent',
    { tags: ['MCP-50'] },
    async () => {
      const catalog = new TestCatalog().add('pump', new StreamEndpoint(legacyOnly('pump')))
      const host = await AggregateHost.legacy(catalog, {
        capabilities: { elicitation: {} },
        limits: { callSilenceMs: 100 },
      })
      const id = host.say('tools/call', { name: 'pump__ask', arguments: { question: '?' } })
      const question = await host.host.hears(({ method }) => method === 'elicitation/create')
      await new Promise((resolve) => setTimeout(resolve, 250))
      host.host.say({
        jsonrpc: '2.0',
        id: question['id'],
        result: { action: 'accept', content: { reply: 'late' } },
      })
      expect(JSON.stringify(await host.host.answerTo(id))).toContain('late')
    },
  )

  test(
    'progress comes back under the token of the host, as part of its call',
    { tags: ['MCP-51', 'MCP-52'] },
    async () => {
      const pump = new StreamEndpoint(bothEras('pump'))
      const host = await AggregateHost.legacy(
        new TestCatalog().add('pump', pump).add('valve', new StreamEndpoint(bothEras('valve'))),
      )
      const ask = (alias: string): number =>
        host.say('tools/call', {
          name: `${alias}__count`,
          arguments: { n: 2 },
          _meta: { progressToken: `token of ${alias}` },
        })
      const ids = { pump: ask('pump'), valve: ask('valve') }
      await host.host.answerTo(ids.pump)
      await host.host.answerTo(ids.valve)
      const notes = host.notes('notifications/progress')
      expect(
        notes.map(({ params }) => (params as { progressToken: string }).progressToken).toSorted(),
      ).toEqual(['token of pump', 'token of pump', 'token of valve', 'token of valve'])
      for (const note of notes) {
        const { progressToken } = note['params'] as { progressToken: string }
        expect(host.host.related.get(note)).toBe(
          progressToken.endsWith('pump') ? ids.pump : ids.valve,
        )
      }
      const call = pump.heard.find(({ method }) => method === 'tools/call')
      expect(call).not.toMatchObject({ params: { _meta: { progressToken: 'token of pump' } } })
    },
  )

  test(
    'a cancellation reaches the server of the call, and no answer follows',
    { tags: ['MCP-52'] },
    async () => {
      const pump = mute()
      const valve = mute()
      const host = await AggregateHost.legacy(
        new TestCatalog().add('pump', pump).add('valve', valve),
      )
      const id = host.say('tools/call', { name: 'pump__t' })
      await expect
        .poll(() => pump.heard.find(({ method }) => method === 'tools/call'))
        .toBeDefined()
      const call = pump.heard.find(({ method }) => method === 'tools/call')
      host.host.say({
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: id },
      })
      await expect
        .poll(() => pump.heard.find(({ method }) => method === 'notifications/cancelled'))
        .toMatchObject({ params: { requestId: call?.['id'] } })
      expect(valve.heard.some(({ method }) => method === 'notifications/cancelled')).toBe(false)
      await host.ask('ping')
      expect(host.host.heard.some((message) => message['id'] === id)).toBe(false)
    },
  )

  test(
    'an id in flight is refused a second time, and more than the limit is refused',
    { tags: ['MCP-51'] },
    async () => {
      const host = await AggregateHost.legacy(new TestCatalog().add('pump', mute()), {
        limits: { inFlightMax: 2 },
      })
      host.say('tools/call', { name: 'pump__t' })
      const id = host.say('tools/call', { name: 'pump__t' })
      host.host.say({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'pump__t' } })
      expect(await host.host.answerTo(id)).toMatchObject({
        error: { code: -32_600, data: { code: 'request-taken' } },
      })
      expect((await host.ask('ping')).error).toMatchObject({ data: { code: 'requests-exhausted' } })
    },
  )

  test('a ping of a server is answered here', { tags: ['MCP-52'] }, async () => {
    let say: ((line: object) => void) | undefined
    const pinging = new StreamEndpoint((stream) => {
      say = (line) => stream.write(`${JSON.stringify(line)}\n`)
      scripted({ ...handshake({ tools: {} }), 'tools/list': () => ({ tools: [] }) })(stream)
    })
    const host = await AggregateHost.legacy(new TestCatalog().add('a', pinging))
    await host.ask('tools/list')
    say?.({ jsonrpc: '2.0', id: 'p1', method: 'ping' })
    await expect
      .poll(() => pinging.heard.find((message) => message['id'] === 'p1'))
      .toMatchObject({ result: {} })
  })

  test(
    'a log message reaches the host, and its level the servers',
    { tags: ['MCP-52'] },
    async () => {
      const pump = new StreamEndpoint(legacyOnly('pump'))
      const host = await AggregateHost.legacy(new TestCatalog().add('pump', pump))
      await host.ask('logging/setLevel', { level: 'debug' })
      await host.ask('tools/list')
      await expect
        .poll(() => pump.heard.find(({ method }) => method === 'logging/setLevel'))
        .toMatchObject({ params: { level: 'debug' } })
    },
  )
})

describe('eras', () => {
  test(
    'a legacy host is asked what a modern server wants to know',
    { tags: ['MCP-54'] },
    async () => {
      const modern = new StreamEndpoint(
        scripted({
          'server/discover': () => ({
            supportedVersions: ['2026-07-28'],
            capabilities: { tools: {} },
            resultType: 'complete',
          }),
          'tools/list': () => ({ tools: [{ name: 'deploy' }], resultType: 'complete' }),
          'tools/call': ({ inputResponses, requestState, _meta }) =>
            inputResponses === undefined
              ? {
                  resultType: 'input_required',
                  requestState: 'state',
                  inputRequests: {
                    a: { method: 'elicitation/create', params: { message: 'sure?' } },
                  },
                }
              : {
                  resultType: 'complete',
                  content: [
                    { type: 'text', text: JSON.stringify({ inputResponses, requestState, _meta }) },
                  ],
                },
        }),
      )
      const capabilities = { elicitation: { form: {} } }
      const host = await AggregateHost.legacy(new TestCatalog().add('m', modern), { capabilities })
      const id = host.say('tools/call', { name: 'm__deploy' })
      const question = await host.host.hears(({ method }) => method === 'elicitation/create')
      expect(host.host.related.get(question)).toBe(id)
      host.host.say({ jsonrpc: '2.0', id: question['id'], result: { action: 'accept' } })
      const answer = (await host.host.answerTo(id)) as unknown as {
        result: { content: { text: string }[]; resultType?: string }
      }
      expect(answer.result.resultType).toBeUndefined()
      expect(JSON.parse(answer.result.content[0]?.text ?? '')).toMatchObject({
        inputResponses: { a: { action: 'accept' } },
        requestState: 'state',
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': capabilities,
        },
      })
    },
  )

  test('a server that never stops asking is stopped', { tags: ['MCP-54'] }, async () => {
    const modern = new StreamEndpoint(
      scripted({
        'server/discover': () => ({
          supportedVersions: ['2026-07-28'],
          capabilities: { tools: {} },
        }),
        'tools/list': () => ({ tools: [{ name: 't' }] }),
        'tools/call': () => ({ resultType: 'input_required', requestState: 's' }),
      }),
    )
    const host = await AggregateHost.legacy(new TestCatalog().add('m', modern), {
      limits: { roundsMax: 3, roundPauseMs: 1 },
    })
    expect((await host.ask('tools/call', { name: 'm__t' })).error).toMatchObject({
      data: { code: 'era-not-bridgeable' },
    })
    expect(modern.heard.filter(({ method }) => method === 'tools/call')).toHaveLength(4)
  })

  test(
    'a modern host calls a legacy server without the envelope, and gets a complete result',
    { tags: ['MCP-54'] },
    async () => {
      const pump = new StreamEndpoint(legacyOnly('pump'))
      const host = await new AggregateHost(new TestCatalog().add('pump', pump)).open()
      const answer = await host.askModern('tools/call', {
        name: 'pump__echo',
        arguments: { text: 'x' },
      })
      expect(answer.result).toMatchObject({
        resultType: 'complete',
        content: [{ text: 'pump: x' }],
      })
      const call = pump.heard.find(({ method }) => method === 'tools/call')
      expect(JSON.stringify(call)).not.toContain('io.modelcontextprotocol')
    },
  )

  test(
    'what a legacy server asks of a modern host is refused, and its tool says so',
    { tags: ['MCP-54'] },
    async () => {
      const asking = new StreamEndpoint((stream) => {
        scripted({
          ...handshake({ tools: {} }),
          'tools/list': () => ({ tools: [{ name: 't' }] }),
          'tools/call': () =>
            void stream.write('{"jsonrpc":"2.0","id":"q","method":"roots/list"}\n'),
        })(stream)
      })
      const host = await new AggregateHost(new TestCatalog().add('a', asking)).open()
      host.say('tools/call', { name: 'a__t', _meta: ENVELOPE })
      await expect
        .poll(() => asking.heard.find((message) => message['id'] === 'q'))
        .toMatchObject({
          error: { code: -32_601, data: { code: 'host-cannot-be-asked' } },
        })
    },
  )

  test(
    'a later round for a legacy server is refused with a code',
    { tags: ['MCP-54'] },
    async () => {
      const host = await new AggregateHost(
        new TestCatalog().add('p', new StreamEndpoint(legacyOnly('p'))),
      ).open()
      const params = { name: 'p__echo', arguments: { text: 'x' }, requestState: 'x' }
      expect((await host.askModern('tools/call', params)).error).toMatchObject({
        data: { code: 'era-not-bridgeable' },
      })
    },
  )

  test(
    'a legacy server that dies of a discover is met again with the handshake alone',
    { tags: ['MCP-54'] },
    async () => {
      const fragile = new StreamEndpoint((stream) => {
        scripted({
          ...handshake({ tools: {} }),
          'server/discover': () => void stream.destroy(),
          'tools/list': () => ({ tools: [{ name: 't' }] }),
        })(stream)
      })
      const host = await new AggregateHost(new TestCatalog().add('f', fragile)).open()
      expect((await host.askModern('tools/list')).result).toMatchObject({
        tools: [{ name: 'f__t' }],
      })
      expect(fragile.opened).toBe(2)
    },
  )

  test('a discover may come first and the handshake after it', { tags: ['MCP-54'] }, async () => {
    const host = await new AggregateHost(
      new TestCatalog().add('p', new StreamEndpoint(legacyOnly('p'))),
    ).open()
    expect((await host.askModern('server/discover')).result).toMatchObject({
      supportedVersions: ['2026-07-28'],
      resultType: 'complete',
      cacheScope: 'private',
      ttlMs: 0,
    })
    const { result } = await host.ask('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'h', version: '1' },
    })
    expect(result).toMatchObject({ protocolVersion: '2025-11-25', serverInfo: { name: 'warren' } })
    expect(await host.names()).toContain('p__echo')
  })

  test('another version is refused with those that are known', { tags: ['MCP-54'] }, async () => {
    const host = await new AggregateHost(new TestCatalog()).open()
    const meta = { ...ENVELOPE, 'io.modelcontextprotocol/protocolVersion': '2027-01-01' }
    expect((await host.ask('tools/list', { _meta: meta })).error).toMatchObject({
      code: -32_022,
      data: { supported: ['2026-07-28'], requested: '2027-01-01' },
    })
    expect((await host.ask('initialize', { protocolVersion: '1999-01-01' })).result).toMatchObject({
      protocolVersion: '2025-11-25',
    })
  })

  test.for(['tasks/list', 'vendor/thing', 'roots/list', '__proto__'])(
    '%s names no server',
    { tags: ['MCP-56'] },
    async (method) => {
      const host = await AggregateHost.legacy(new TestCatalog())
      expect((await host.ask(method)).error).toMatchObject({
        code: -32_601,
        data: { code: 'method-unknown' },
      })
    },
  )
})

describe('changes', () => {
  test('peers that come and go in a flock are told once', { tags: ['MCP-53'] }, async () => {
    const catalog = new TestCatalog()
    const host = await AggregateHost.legacy(catalog, { limits: { debounceMs: 50 } })
    for (const alias of ['a', 'b', 'c']) catalog.add(alias, mute())
    catalog.remove('b')
    await host.host.hears(({ method }) => method === 'notifications/tools/list_changed')
    await new Promise((resolve) => setTimeout(resolve, 120))
    expect(host.notes('notifications/tools/list_changed')).toHaveLength(1)
    expect(await host.names()).toEqual(['a__t', 'c__t'])
  })

  test.for([legacyChanging, modernChanging])(
    'a list that a server changed is fetched anew',
    { tags: ['MCP-53'] },
    async (serve) => {
      const { endpoint, change } = serve()
      const host = await AggregateHost.legacy(new TestCatalog().add('a', endpoint))
      expect(await host.names()).toEqual(['a__one'])
      change()
      await host.host.hears(({ method }) => method === 'notifications/tools/list_changed')
      expect(await host.names()).toEqual(['a__two'])
    },
  )

  test(
    'a modern host hears of changes where it listens, and nowhere else',
    { tags: ['MCP-55', 'MCP-53'] },
    async () => {
      const { endpoint, change } = modernChanging()
      const host = await new AggregateHost(new TestCatalog().add('a', endpoint)).open()
      await host.askModern('tools/list')
      change()
      const id = host.say('subscriptions/listen', {
        notifications: { toolsListChanged: true },
        _meta: ENVELOPE,
      })
      const acknowledged = await host.host.hears(
        ({ method }) => method === 'notifications/subscriptions/acknowledged',
      )
      expect(acknowledged).toMatchObject({
        params: {
          notifications: { toolsListChanged: true },
          _meta: { 'io.modelcontextprotocol/subscriptionId': id },
        },
      })
      change()
      const note = await host.host.hears(
        ({ method }) => method === 'notifications/tools/list_changed',
      )
      expect(note).toMatchObject({
        params: { _meta: { 'io.modelcontextprotocol/subscriptionId': id } },
      })
      expect(host.notes('notifications/prompts/list_changed')).toEqual([])
      host.host.say({
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: id },
      })
      await host.askModern('tools/list')
      const before = host.notes('notifications/tools/list_changed').length
      change()
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(host.notes('notifications/tools/list_changed')).toHaveLength(before)
    },
  )

  test(
    'a subscription to nothing that can be honoured ends at once',
    { tags: ['MCP-55'] },
    async () => {
      const host = await new AggregateHost(new TestCatalog()).open()
      const { result } = await host.askModern('subscriptions/listen', {
        notifications: { resourceSubscriptions: ['no://thing'] },
      })
      expect(result).toMatchObject({ resultType: 'complete' })
      expect(host.notes('notifications/subscriptions/acknowledged')).toMatchObject([
        { params: { notifications: {} } },
      ])
      expect((await host.askModern('subscriptions/listen')).error).toMatchObject({ code: -32_602 })
    },
  )

  test('a resource is watched at its owner, whatever the eras', { tags: ['MCP-55'] }, async () => {
    let say: ((line: object) => void) | undefined
    const legacy = new StreamEndpoint((stream) => {
      say = (line) => stream.write(`${JSON.stringify(line)}\n`)
      scripted({
        ...handshake({ resources: { subscribe: true } }),
        'resources/list': () => ({ resources: [{ uri: 'x://1', name: 'x' }] }),
        'resources/subscribe': () => ({}),
        'resources/unsubscribe': () => ({}),
      })(stream)
    })
    const host = await new AggregateHost(new TestCatalog().add('a', legacy)).open()
    const id = host.say('subscriptions/listen', {
      notifications: { resourceSubscriptions: ['x://1'] },
      _meta: ENVELOPE,
    })
    await expect
      .poll(() => legacy.heard.some(({ method }) => method === 'resources/subscribe'))
      .toBe(true)
    say?.({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'x://1' } })
    const note = await host.host.hears(({ method }) => method === 'notifications/resources/updated')
    expect(note).toMatchObject({
      params: { uri: 'x://1', _meta: { 'io.modelcontextprotocol/subscriptionId': id } },
    })
    host.host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } })
    await expect
      .poll(() => legacy.heard.some(({ method }) => method === 'resources/unsubscribe'))
      .toBe(true)
  })

  test(
    'when the node stops, what is in flight is answered and the servers are left',
    { tags: ['MCP-50'] },
    async () => {
      const pump = mute()
      const host = await AggregateHost.legacy(new TestCatalog().add('pump', pump))
      const id = host.say('tools/call', { name: 'pump__t' })
      await expect.poll(() => pump.heard.some(({ method }) => method === 'tools/call')).toBe(true)
      await host.endpoint.stop()
      expect(host.host.heard.find((message) => message['id'] === id)).toMatchObject({
        error: { data: { code: 'stopped' } },
      })
      await expect.poll(() => pump.closed).toBe(1)
    },
  )

  test(
    'a shared session with a server ends when nobody has used it for long',
    { tags: ['MCP-51'] },
    async () => {
      const pump = new StreamEndpoint(legacyOnly('pump'))
      const { endpoint } = new AggregateHost(new TestCatalog().add('pump', pump), {
        limits: { backendIdleMs: 60 },
      })
      const request = {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/list',
        params: { _meta: ENVELOPE },
      } as const
      for await (const message of endpoint.request(request, new AbortController().signal)) {
        expect(message).toMatchObject({ id: 1, result: { resultType: 'complete' } })
      }
      expect(pump.opened).toBe(1)
      await expect.poll(() => pump.closed).toBe(1)
      await endpoint.stop()
    },
  )
})

interface Changing {
  readonly endpoint: StreamEndpoint
  readonly change: () => void
}

function legacyChanging(): Changing {
  return changing(
    (name) => ({
      ...handshake({ tools: { listChanged: true } }),
      'tools/list': () => ({ tools: [{ name: name() }] }),
    }),
    () => ({}),
  )
}

function modernChanging(): Changing {
  let id: unknown
  return changing(
    (name) => ({
      'server/discover': () => ({
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: { listChanged: true } },
      }),
      'tools/list': () => ({ tools: [{ name: name() }], resultType: 'complete' }),
      'subscriptions/listen': (_, requestId) => void (id = requestId),
    }),
    () => ({ _meta: { 'io.modelcontextprotocol/subscriptionId': id } }),
  )
}

function changing(
  methods: (name: () => string) => Parameters<typeof scripted>[0],
  params: () => object,
): Changing {
  let name = 'one'
  let say: ((line: object) => void) | undefined
  const endpoint = new StreamEndpoint((stream) => {
    say = (line) => stream.write(`${JSON.stringify(line)}\n`)
    scripted(methods(() => name))(stream)
  })
  const change = (): void => {
    name = 'two'
    say?.({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: params() })
  }
  return { endpoint, change }
}
