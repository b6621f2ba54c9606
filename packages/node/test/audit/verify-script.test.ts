import { execFile, execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { proveEntry } from '../../src/audit/offline/prove-entry.ts'
import {
  cosignedHead,
  grow,
  keepHead,
  LATER_MS,
  linesOf,
  policyText,
  replaceSegment,
  signedLog,
  type SignedLog,
} from './signed-log.ts'

const SCRIPT = join(import.meta.dirname, '../../../../apps/cli/audit-verify.mjs')

/** What a Warren node reads of what others have cosigned. */
const COSIGNED_BYTES_MAX = 64 * 1_048_576

/** For the start of processes on a machine that has others to do. */
const PATIENCE_MS = 60_000

/** What the verifier without Warren says of a whole log. */
async function said({ directory }: SignedLog): Promise<[number, string]> {
  const path = join(directory, 'policy.txt')
  writeFileSync(path, policyText())
  return run(['log', directory, path])
}

async function run(words: readonly string[]): Promise<[number, string]> {
  try {
    const patience = { timeout: PATIENCE_MS / 2 }
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, ...words], patience)
    return [0, stdout]
  } catch (error) {
    const { code, stdout } = Object(error)
    return [Number(code), String(stdout)]
  }
}

function secondOf({ store }: SignedLog): number {
  return store.segments[1] ?? 0
}

function changed(lines: readonly string[]): readonly string[] {
  const at = lines.findIndex((line) => line.includes('"kind":"alert"'))
  return lines.with(at, (lines[at] ?? '').replace('honest', 'forged'))
}

test(
  'the verifier without Warren compares every root also behind what was erased',
  { tags: ['ACM-8'], timeout: PATIENCE_MS },
  async () => {
    const log = await signedLog()
    await grow(log, 3)
    await keepHead(log, cosignedHead(log))
    await grow(log, 11)
    const second = secondOf(log)
    await log.store.erase({ segment: 0, what: 'entries' })
    await log.store.stop()
    const [code, text] = await said(log)
    expect(code).toBe(0)
    expect(text).toContain(`GAP:      entries 0 to ${second - 1} were erased, as the log says`)
    expect(text).toContain('1 cosigned checkpoints are among them')

    const honest = linesOf(log, second)
    replaceSegment(log, second, changed(honest))
    expect(await said(log)).toEqual([
      1,
      expect.stringMatching(/^NOT VERIFIED.*not those that were signed/),
    ])
    replaceSegment(log, second, honest)
    expect((await said(log))[0]).toBe(0)
  },
)

test(
  'the verifier without Warren believes no tile that does not lead to a signed root, and nothing behind a gap without tiles',
  { tags: ['ACM-8'], timeout: PATIENCE_MS },
  async () => {
    const log = await signedLog()
    // More than a tile holds, in few batches.
    await Promise.all(Array.from({ length: 300 }, async () => grow(log, 1)))
    await grow(log, 12)
    const { segments } = log.store
    for (const segment of segments.slice(0, -1)) await log.store.erase({ segment, what: 'entries' })
    await log.store.stop()
    expect(segments.at(-1)).toBeGreaterThan(256)
    expect((await said(log))[0]).toBe(0)

    const tiles = join(log.directory, 'tile', '0')
    const full = readFileSync(join(tiles, '000'))
    const partial = join(tiles, '001.p')
    const unproven: [number, unknown] = [
      1,
      expect.stringMatching(/^NOT VERIFIED: entries 0 to \d+ are not there, and no tiles lead/),
    ]
    writeFileSync(
      join(tiles, '000'),
      full.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
    )
    expect(await said(log)).toEqual(unproven)
    writeFileSync(join(tiles, '000'), full.subarray(0, -1))
    expect(await said(log)).toEqual(unproven)
    writeFileSync(join(tiles, '000'), full)
    expect((await said(log))[0]).toBe(0)
    for (const name of readdirSync(partial)) rmSync(join(partial, name))
    expect(await said(log)).toEqual(unproven)
  },
)

test(
  'the verifier without Warren takes a gap only where an entry says that all of it was erased',
  { tags: ['ACM-8', 'AUD-20'], timeout: PATIENCE_MS },
  async () => {
    const log = await signedLog()
    await grow(log, 14)
    const [, second = 0, third = 0] = log.store.segments
    const gone = linesOf(log, second)
    await log.store.erase({ segment: second, what: 'entries' })
    await log.store.stop()
    expect((await said(log))[0]).toBe(0)

    const first = linesOf(log, 0)
    rmSync(join(log.directory, 'segments', '000000000000.log'))
    expect(await said(log)).toEqual([
      1,
      expect.stringMatching(`^NOT VERIFIED: entries 0 to ${third - 1} are not there, and no entry`),
    ])
    replaceSegment(log, 0, first)
    // What was erased and is there again is no gap.
    replaceSegment(log, second, gone)
    expect((await said(log))[1]).not.toContain('GAP')
  },
)

test(
  'the verifier without Warren finds a fork in what was erased, and among what was cosigned',
  { tags: ['ACM-8', 'AUD-29'], timeout: PATIENCE_MS },
  async () => {
    const seen = await signedLog()
    await grow(seen, 2)
    const log = await signedLog()
    await grow(log, 2, 'rewritten')
    const own = cosignedHead(log)
    await grow(log, 10, 'rewritten')
    await log.store.erase({ segment: 0, what: 'entries' })
    await keepHead(log, cosignedHead(seen))
    expect(await said(log)).toEqual([1, expect.stringContaining('another log of 2 entries')])
    await keepHead(log, own)
    expect(await said(log)).toEqual([1, expect.stringContaining('two logs of 2 entries')])
  },
)

test(
  'the verifier without Warren takes no policy that counts nobody, or somebody twice',
  { tags: ['TLG-19', 'ACM-4'], timeout: PATIENCE_MS },
  async () => {
    const log = await signedLog()
    await grow(log, 3)
    await keepHead(log, cosignedHead(log))
    await log.store.stop()
    const { text, proof, policy } = await proveEntry({
      directory: log.directory,
      seq: 1,
      nowMs: LATER_MS,
    })
    const [entryPath, proofPath] = [join(log.directory, 'entry'), join(log.directory, 'proof')]
    writeFileSync(entryPath, text)
    writeFileSync(proofPath, proof)
    const judged = async (written: string): Promise<[number, string]> => {
      const path = join(log.directory, 'policy.txt')
      writeFileSync(path, written)
      return run(['proof', entryPath, proofPath, path])
    }
    const lines = policy.split('\n')
    const witnesses = lines.filter((line) => line.startsWith('witness '))
    const [, first = '', key = ''] = (witnesses[0] ?? '').split(' ')
    const second = (witnesses[1] ?? '').split(' ')[1] ?? ''
    const quorum = (group: string): string =>
      [...lines.filter((line) => !/^(group|quorum) /.test(line)), group, 'quorum q', ''].join('\n')

    expect((await judged(policy))[0]).toBe(0)
    expect((await judged(quorum(`group q all ${first} ${second}`)))[0]).toBe(0)
    expect((await judged(quorum(`group q 2 ${first} ${second}`)))[0]).toBe(0)
    for (const [wrong, reason] of [
      [quorum(`group q 0 ${first} ${second}`), 'needs nobody'],
      [quorum('group q all'), 'needs nobody'],
      [quorum(`group q 3 ${first} ${second}`), 'more than it has'],
      [quorum(`group q 2 ${first} ${first}`), 'one name twice'],
      [quorum(`group p any ${first}\ngroup q 2 p ${first}`), 'one name twice'],
      [quorum(`witness other ${key}\ngroup q 2 ${first} other`), 'one key twice'],
      [quorum(`group q any q`), 'not defined above'],
      [quorum(`group q any nobody`), 'not defined above'],
      [quorum(`group ${first} any ${second}`), 'missing or taken'],
      [`quorum none\n${policy}`, 'two quorums'],
    ] as const) {
      expect(await judged(wrong)).toEqual([1, expect.stringContaining(reason)])
    }
  },
)

test(
  'the verifier without Warren reads as much of what others have cosigned as Warren does, and not a byte more',
  { tags: ['ACM-13'], timeout: PATIENCE_MS },
  async () => {
    const log = await signedLog()
    await grow(log, 2)
    await keepHead(log, cosignedHead(log))
    await log.store.stop()
    const path = join(log.directory, 'cosigned.log')
    const line = readFileSync(path)
    const noise = Buffer.from(`${'x'.repeat(65_535)}\n`)
    const rest = COSIGNED_BYTES_MAX - line.length
    const lines = Array.from({ length: Math.floor(rest / noise.length) }, () => noise)
    // The head stands last: what is read up to the bound is read to its end.
    const last = Buffer.from(`${'x'.repeat((rest % noise.length) - 1)}\n`)
    writeFileSync(path, Buffer.concat([...lines, last, line]))
    const [code, text] = await said(log)
    expect(text).toContain('1 cosigned checkpoints are among them')
    expect(code).toBe(0)

    appendFileSync(path, 'x')
    expect(await said(log)).toEqual([
      1,
      expect.stringMatching(/^NOT VERIFIED: .*cosigned\.log has more than 67108864 bytes/),
    ])
  },
)

test(
  'the verifier without Warren takes no part of a line for a checkpoint, nor a file that it cannot read for none',
  { tags: ['ACM-13', 'ACM-8'], timeout: PATIENCE_MS },
  async () => {
    const log = await signedLog()
    await grow(log, 2)
    const first = cosignedHead(log)
    await grow(log, 2)
    await keepHead(log, first)
    const path = join(log.directory, 'cosigned.log')
    const whole = readFileSync(path, 'utf8')
    writeFileSync(path, `${whole}${whole.slice(0, 900)}`)
    // The store ends what a crash has left of a line, and goes on behind it.
    await keepHead(log, cosignedHead(log))
    await log.store.stop()
    const [code, text] = await said(log)
    expect(text).toContain('2 cosigned checkpoints are among them')
    expect(code).toBe(0)

    writeFileSync(path, `#${'x'.repeat(131_073)}`)
    expect(await said(log)).toEqual([1, expect.stringMatching(/longer than any can be/)])
    rmSync(path)
    expect((await said(log))[0]).toBe(0)
    mkdirSync(path)
    expect((await said(log))[0]).toBe(2)
  },
)

test.for([
  { name: 'a pipe', make: (path: string) => execFileSync('mkfifo', [path]) },
  { name: 'a link', make: (path: string) => symlinkSync(`${path}.honest`, path) },
])(
  'the verifier without Warren reads $name in the place of no file of a log',
  { tags: ['ACM-8', 'AUD-30'], timeout: PATIENCE_MS },
  async (other) => {
    const log = await signedLog()
    await grow(log, 14)
    await keepHead(log, cosignedHead(log))
    const [segment = 0, second = 0] = log.store.segments
    await log.store.erase({ segment, what: 'entries' })
    await log.store.stop()
    // Nothing in it can be longer than nothing, and nothing has to be read of it.
    const empty = join(log.directory, 'tile', '0', '000.p')
    for (const name of readdirSync(empty)) expect(name).not.toBe('0')
    other.make(join(empty, '0'))
    expect((await said(log))[0]).toBe(0)

    const names = [`segments/${String(second).padStart(12, '0')}.log`, 'cosigned.log']
    for (const name of names) {
      const path = join(log.directory, name)
      expect(existsSync(path)).toBe(true)
      renameSync(path, `${path}.honest`)
      other.make(path)
      expect((await said(log))[0]).toBe(2)
      rmSync(path)
      renameSync(`${path}.honest`, path)
    }
    expect((await said(log))[0]).toBe(0)

    for (const name of readdirSync(empty)) rmSync(join(empty, name))
    other.make(join(empty, '0'))
    expect(await said(log)).toEqual([1, expect.stringContaining('no tiles lead')])
  },
)
