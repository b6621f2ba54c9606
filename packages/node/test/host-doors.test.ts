import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import type { Catalog } from '@warren/mcp'
import { expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../src/config/load-config.ts'
import { HostDoors } from '../src/host-doors.ts'

const EMPTY: Catalog = {
  servers: () => [],
  endpoint: () => undefined,
  onChange: () => () => {},
}

interface Site {
  /** What was told of requests that were not sent. */
  readonly told: object[]
  readonly tokenFile: string
  readonly doors: (enabled?: boolean) => HostDoors
}

function site(): Site {
  const directory = mkdtempSync(join(tmpdir(), 'warren-doors-'))
  const opened: HostDoors[] = []
  const told: object[] = []
  onTestFinished(async () => {
    await Promise.all(opened.map((doors) => doors.stop()))
    rmSync(directory, { recursive: true })
  })
  const tokenFile = join(directory, 'http-token')
  return {
    told,
    tokenFile,
    doors: (enabled = true) => {
      const doors = new HostDoors({
        suite,
        config: { ...parseConfig('name: test\n'), http: { enabled, port: 0, tokenFile } },
        catalog: {
          through: (door) => ({
            ...EMPTY,
            unsent: async (unsent) => void told.push({ door, ...unsent }),
          }),
        },
        logger: { log: () => {} },
      })
      opened.push(doors)
      return doors
    },
  }
}

async function open(): Promise<Site & { readonly address: string; readonly token: string }> {
  const made = site()
  const doors = made.doors()
  await doors.start()
  const token = readFileSync(made.tokenFile, 'utf8').trim()
  return { ...made, address: doors.httpAddress ?? '', token }
}

/** `fetch` would write Host and Origin itself. */
async function statusOf(
  address: string,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const asked = request(`${address}/ready`, { headers, agent: false }, (response) => {
    response.resume()
    resolve(response.statusCode ?? 0)
  })
  asked.on('error', reject)
  asked.end()
  return promise
}

test(
  'HTTP that is switched off listens nowhere and makes no token',
  { tags: ['DMN-10'] },
  async () => {
    const { doors, tokenFile } = site()
    const closed = doors(false)
    await closed.start()
    expect(closed.httpAddress).toBeUndefined()
    expect(existsSync(tokenFile)).toBe(false)
  },
)

test(
  'the token is random, its owner’s alone, and kept across restarts',
  { tags: ['DMN-10'] },
  async () => {
    const { doors, tokenFile } = site()
    const first = doors()
    await first.start()
    const token = readFileSync(tokenFile, 'utf8')
    expect(token).toMatch(/^[\w-]{43}\n$/)
    expect(statSync(tokenFile).mode & 0o777).toBe(0o600)
    await first.stop()
    const second = doors()
    await second.start()
    expect(readFileSync(tokenFile, 'utf8')).toBe(token)
    const { token: another } = await open()
    expect(another).not.toBe(token.trim())
  },
)

test.for<[string, (file: string) => void, string]>([
  ['that others may read', (file) => chmodSync(file, 0o644), 'file-open'],
  ['that is too long', (file) => writeFileSync(file, 'x'.repeat(1025)), 'file-too-large'],
  ['that is too short', (file) => writeFileSync(file, 'x'.repeat(31)), 'token-too-short'],
  ['that is empty', (file) => writeFileSync(file, '\n'), 'token-too-short'],
])('a token %s keeps the door shut', { tags: ['DMN-10'] }, async ([, harm, code]) => {
  const { doors, tokenFile } = site()
  writeFileSync(tokenFile, `${'t'.repeat(43)}\n`, { mode: 0o600 })
  harm(tokenFile)
  const shut = doors()
  await expect(shut.start()).rejects.toMatchObject({ code })
  expect(shut.httpAddress).toBeUndefined()
})

test(
  'whoever holds the token comes in from this machine, and nobody else',
  { tags: ['DMN-10'] },
  async () => {
    const { address, token } = await open()
    const authorization = `Bearer ${token}`
    const { host } = new URL(address)
    // 503: let in, and told that no server is there.
    expect(await statusOf(address, { authorization })).toBe(503)
    expect(await statusOf(address, { authorization, origin: address })).toBe(503)
    expect(await statusOf(address, {})).toBe(401)
    expect(await statusOf(address, { authorization: `Bearer ${token}x` })).toBe(401)
    expect(await statusOf(address, { authorization: `Basic ${token}` })).toBe(401)
    expect(await statusOf(address, { authorization, origin: 'https://evil.example' })).toBe(403)
    expect(await statusOf(address, { authorization, origin: 'null' })).toBe(403)
    expect(await statusOf(address, { authorization, host: 'evil.example' })).toBe(403)
    expect(await statusOf(address, { authorization, host: host.replace(/\d+$/, '1') })).toBe(403)
  },
)

test('after the end nothing listens any more', { tags: ['DMN-10'] }, async () => {
  const { doors } = site()
  const opened = doors()
  await opened.start()
  const address = opened.httpAddress ?? ''
  await opened.stop()
  await expect(statusOf(address, {})).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test(
  'what is asked over HTTP of a server that is not here is told, and refused as it would be',
  { tags: ['AUN-14'] },
  async () => {
    const { address, token, told } = await open()
    const post = async (body: string): Promise<unknown> => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const answer = await fetch(`${address}/mcp/s/gone`, { method: 'POST', headers, body })
      return [answer.status, Object(await answer.json())['error']?.data?.code]
    }
    const echo = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } }
    expect(await post(JSON.stringify(echo))).toEqual([404, 'server-not-here'])
    expect(await post('{')).toEqual([404, 'server-not-here'])
    expect(told).toEqual([{ door: 'http', request: echo, alias: 'gone', code: 'server-not-here' }])
  },
)
