import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { askNode } from '../../src/control/control-client.ts'
import { ControlServer } from '../../src/control/control-server.ts'

const FOREIGN_UID = 65_534

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-control-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

function serverAt(path: string): ControlServer {
  const server = new ControlServer(path, {
    answer: (request) => Promise.resolve(request.do),
    connect: () => Promise.resolve(),
    onDefect: (error) => {
      throw error
    },
  })
  onTestFinished(() => server.stop())
  return server
}

/** Somebody who was there before the node, and hears what it is asked. */
async function impostorAt(path: string): Promise<{ readonly heard: () => number }> {
  let heard = 0
  const server = createServer((socket) => {
    heard += 1
    socket.end('{"ok":true,"value":"trust me"}\n')
  })
  await new Promise<void>((resolve) => {
    server.listen(path, resolve)
  })
  onTestFinished(() => {
    server.close()
  })
  return { heard: () => heard }
}

test.for([0o700, 0o755])(
  'in a directory of mode %o the node is asked and answers',
  { tags: ['NODE-9'] },
  async (mode) => {
    const directory = temporaryDirectory()
    chmodSync(directory, mode)
    const path = join(directory, 'warren.sock')
    await serverAt(path).start()
    expect(await askNode(path, { do: 'status' })).toBe('status')
  },
)

test.for([0o720, 0o702, 0o777])(
  'in a directory of mode %o it does not listen, and nobody is asked',
  { tags: ['NODE-9'] },
  async (mode) => {
    const directory = temporaryDirectory()
    chmodSync(directory, mode)
    const path = join(directory, 'warren.sock')
    const { heard } = await impostorAt(path)
    const unsafe = { code: 'control-unsafe' }
    await expect(askNode(path, { do: 'status' })).rejects.toMatchObject(unsafe)
    await expect(serverAt(path).start()).rejects.toMatchObject(unsafe)
    expect(heard()).toBe(0)
  },
)

test.for([0o700, 0o777])(
  'a link of our own is as good as its directory of mode %o',
  { tags: ['NODE-9'] },
  async (mode) => {
    const directory = temporaryDirectory()
    mkdirSync(join(directory, 'real'))
    chmodSync(join(directory, 'real'), mode)
    symlinkSync(join(directory, 'real'), join(directory, 'link'))
    const path = join(directory, 'link', 'warren.sock')
    await impostorAt(path)
    const asking = askNode(path, { do: 'status' })
    if (mode === 0o700) expect(await asking).toBe('trust me')
    else await expect(asking).rejects.toMatchObject({ code: 'control-unsafe' })
  },
)

test.skipIf(process.geteuid?.() !== 0)(
  'a link of another user is not followed',
  { tags: ['NODE-9'] },
  async () => {
    const directory = temporaryDirectory()
    mkdirSync(join(directory, 'real'), { mode: 0o700 })
    symlinkSync(join(directory, 'real'), join(directory, 'link'))
    lchownSync(join(directory, 'link'), FOREIGN_UID, FOREIGN_UID)
    const path = join(directory, 'link', 'warren.sock')
    const { heard } = await impostorAt(path)
    await expect(askNode(path, { do: 'status' })).rejects.toMatchObject({ code: 'control-unsafe' })
    expect(heard()).toBe(0)
  },
)

test.skipIf(process.geteuid?.() !== 0)(
  'a directory of another user is not trusted, whatever its mode',
  { tags: ['NODE-9'] },
  async () => {
    const directory = temporaryDirectory()
    chmodSync(directory, 0o700)
    const path = join(directory, 'warren.sock')
    const { heard } = await impostorAt(path)
    chownSync(directory, FOREIGN_UID, FOREIGN_UID)
    await expect(askNode(path, { do: 'status' })).rejects.toMatchObject({ code: 'control-unsafe' })
    expect(heard()).toBe(0)
  },
)

test('where there is no directory, no node is running', { tags: ['NODE-9'] }, async () => {
  const path = join(temporaryDirectory(), 'nothing', 'warren.sock')
  await expect(askNode(path, { do: 'status' })).rejects.toMatchObject({ code: 'node-not-running' })
})
