import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createLab } from '@warren/netlab'
import { describe, expect, test } from 'vitest'
import { skipped, start } from './on-hosts.ts'

const ONE_HOST = { switches: ['lan'], hosts: { alice: [{ switch: 'lan' }] } }
const SLEEPER = `setInterval(() => {}, 1000); console.log('ready')`

function namespacesOf(pid: number | undefined): readonly string[] {
  const list = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  return list.split('\n').filter((line) => line.startsWith(`warren-${pid}-`))
}

/** The machine's interfaces, by name and index: a veth that came and went would show. */
function ownInterfaces(): string {
  return execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }).replaceAll(/ (mtu|state) .*/g, '')
}

/** A process that has built a lab with a program on its host, and tells the program's pid. */
async function otherProcessWithLab(): Promise<{
  kill(): Promise<void>
  pid: number
  program: number
}> {
  const module = JSON.stringify(import.meta.resolve('@warren/netlab'))
  const script = `
    const { createLab } = await import(${module})
    const lab = await createLab(${JSON.stringify(ONE_HOST)})
    const child = lab.host('alice').spawn([process.execPath, '-e', ${JSON.stringify(SLEEPER)}])
    child.stdout.once('data', () => console.log(child.pid))
    setInterval(() => {}, 1000)
  `
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(owner.stdout, 'data')) as [Buffer]
  return {
    pid: owner.pid!,
    program: Number(line.toString()),
    async kill() {
      owner.kill('SIGKILL')
      await once(owner, 'exit')
    },
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    // No such process.
    return false
  }
}

describe.skipIf(skipped)('the life of a lab', () => {
  test('close ends what runs and leaves nothing', { tags: ['LAB-7'] }, async () => {
    const before = ownInterfaces()
    const lab = await createLab(ONE_HOST)
    const child = await start(lab.host('alice'), SLEEPER)
    expect(namespacesOf(process.pid)).toHaveLength(2)
    expect(ownInterfaces()).toBe(before)

    const exit = once(child, 'exit')
    await lab.close()
    await lab.close()
    expect(await exit).toEqual([null, 'SIGKILL'])
    expect(namespacesOf(process.pid)).toEqual([])
    expect(ownInterfaces()).toBe(before)
  })

  test('two labs do not know of each other', { tags: ['LAB-7'] }, async () => {
    const first = await createLab(ONE_HOST)
    const second = await createLab(ONE_HOST)
    await first.close()
    const { stdout } = await second
      .host('alice')
      .exec(['ip', '-4', '-o', 'addr', 'show', 'dev', 'eth0'])
    expect(stdout).toContain('10.77.1.1/24')
    await second.close()
  })

  test('a lab outlives its process until the next one is built', { tags: ['LAB-8'] }, async () => {
    const dying = await otherProcessWithLab()
    const living = await otherProcessWithLab()
    await dying.kill()
    expect(namespacesOf(dying.pid)).toHaveLength(2)
    expect(isRunning(dying.program)).toBe(true)

    await using lab = await createLab(ONE_HOST)
    expect(lab.host('alice').cables).toHaveLength(1)
    expect(namespacesOf(dying.pid)).toEqual([])
    // A killed process is there until its parent has taken note of its end.
    await expect.poll(() => isRunning(dying.program), { timeout: 5000 }).toBe(false)
    expect(namespacesOf(living.pid)).toHaveLength(2)
    expect(isRunning(living.program)).toBe(true)
    await living.kill()
  })

  test('a pid that came again owns nothing of the dead', { tags: ['LAB-8'] }, async () => {
    const left = `warren-${process.pid}-1-00000000-switches`
    execFileSync('ip', ['netns', 'add', left])
    await using lab = await createLab(ONE_HOST)
    expect(lab.host('alice').name).toBe('alice')
    expect(namespacesOf(process.pid)).toHaveLength(2)
  })

  test.for([
    { name: 'an unknown switch', change: { hosts: { a: [{ switch: 'wan' }] } } },
    { name: 'one switch twice', change: { switches: ['lan', 'lan'] } },
    { name: 'a name that is a path', change: { hosts: { '../a': [] } } },
    { name: 'too long a name', change: { hosts: { abcdefghijklmnop: [] } } },
    { name: 'a negative latency', change: { hosts: { a: [{ switch: 'lan', latencyMs: -1 }] } } },
    {
      name: 'too long a latency',
      change: { hosts: { a: [{ switch: 'lan', latencyMs: 10_001 }] } },
    },
    {
      name: 'too many cables',
      change: { hosts: { a: Array.from({ length: 9 }, () => ({ switch: 'lan' })) } },
    },
    { name: 'too many switches', change: { switches: names('s', 17) } },
    {
      name: 'too many hosts',
      change: { hosts: Object.fromEntries(names('h', 65).map((n) => [n, []])) },
    },
  ])('a lab with $name is not begun', { tags: ['LAB-11'] }, async ({ change }) => {
    await expect(createLab({ ...ONE_HOST, ...change })).rejects.toThrow(
      expect.objectContaining({ name: 'LabError', code: 'lab-malformed' }),
    )
    expect(namespacesOf(process.pid)).toEqual([])
  })

  test('the longest names and the most cables work', { tags: ['LAB-11'] }, async () => {
    const name = 'abcdefghijklmno'
    await using lab = await createLab({
      switches: [name],
      hosts: { [name]: Array.from({ length: 8 }, () => ({ switch: name })) },
    })
    expect(lab.host(name).cable('eth7').ipv4).toBe('10.77.1.8')
  })
})

function names(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${index}`)
}
