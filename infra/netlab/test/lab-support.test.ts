import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const LAB_9 = { tags: ['LAB-9'] }
const NOBODY = 65_534

/** Asks a process of its own, because what a machine can do is looked up once. */
function ask(options: { readonly uid?: number; readonly path?: string }): unknown {
  const module = JSON.stringify(import.meta.resolve('@warren/netlab'))
  const script = `
    const { createLab, labSupport } = await import(${module})
    // Here and not before: nobody may read the files of a clone in the home directory of root.
    ${options.uid === undefined ? '' : `process.setuid(${options.uid})`}
    const refusal = await createLab({ switches: [], hosts: {} }).then(() => 'built', (error) => error.code)
    console.log(JSON.stringify({ ...labSupport(), refusal }))
  `
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, PATH: options.path ?? process.env['PATH'] },
    encoding: 'utf8',
  })
  return JSON.parse(output)
}

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

test('without root there is no lab, and the reason says so', LAB_9, () => {
  // Who is not root already, asks as who they are.
  expect(ask(isRoot ? { uid: NOBODY } : {})).toEqual({
    available: false,
    reason: expect.stringMatching(/need root|on Linux only/),
    refusal: 'lab-unavailable',
  })
})

test.runIf(isRoot)('without iproute2 there is no lab, and the reason says so', LAB_9, () => {
  expect(ask({ path: '/nonexistent' })).toEqual({
    available: false,
    reason: expect.stringContaining('iproute2'),
    refusal: 'lab-unavailable',
  })
})
