import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { defaultConfigText } from '../../src/config/default-config.ts'
import { addServers, withServers } from '../../src/config/edit-config.ts'
import { parseConfig } from '../../src/config/load-config.ts'

const FILES = { command: 'npx', args: ['-y', '@modelcontextprotocol/server-filesystem', '/srv'] }

const COMMENTED = `# head
name: 'press-1'   # the name

# about servers
servers:
  # about b
  b: { command: b } # trailing
  a:
    command: a
    args: [ "x",   'y' ]
# the end
`

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'warren-edit-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test('the first server goes into the text of a new node', { tags: ['CFG-8'] }, () => {
  const before = defaultConfigText({ name: 'a' })
  const after = withServers(before, { files: FILES })
  expect(parseConfig(after).servers).toEqual({ files: FILES })
  expect(after).toContain(`servers:\n  files:\n    command: npx\n    args:\n`)
  const kept = before.split('\n').filter((line) => line.startsWith('#'))
  for (const comment of kept) expect(after).toContain(comment)
})

test('comments, order and spelling stay', { tags: ['CFG-8'] }, () => {
  const after = withServers(COMMENTED, { files: FILES })
  expect(Object.keys(parseConfig(after).servers)).toEqual(['b', 'a', 'files'])
  for (const part of [
    '# head',
    "name: 'press-1' # the name",
    '# about servers',
    '# about b',
    '# trailing',
    '# the end',
    '"x"',
    "'y'",
  ]) {
    expect(after).toContain(part)
  }
})

test.for(['name: a', 'name: a\nservers:', 'name: a\nservers: {}', 'name: a\nservers: ~'])(
  'a server goes into %j',
  { tags: ['CFG-8'] },
  (text) => {
    expect(parseConfig(withServers(text, { files: FILES })).servers).toEqual({ files: FILES })
  },
)

test('what needs quotes gets them', { tags: ['CFG-8'] }, () => {
  const server = {
    command: 'yes',
    args: ['5', 'null', '# x', '- y', ''],
    env: { A: '0x1', B: 'a: b' },
  }
  expect(parseConfig(withServers('name: a', { s: server })).servers).toEqual({ s: server })
})

test('members that say nothing are not written', { tags: ['CFG-8'] }, () => {
  const after = withServers('name: a', { s: { command: 'x', args: [], env: {}, title: undefined } })
  expect(after).toBe('name: a\nservers:\n  s:\n    command: x\n')
})

test('a server that is there is not replaced', { tags: ['CFG-8'] }, () => {
  expect(() => withServers(COMMENTED, { a: FILES })).toThrow(
    expect.objectContaining({ code: 'config-server-exists' }),
  )
})

test('the file is changed in one step and keeps its rights', { tags: ['CFG-8'] }, () => {
  const path = directory()
  const file = join(path, 'warren.yaml')
  writeFileSync(file, COMMENTED, { mode: 0o640 })
  expect(addServers(path, { files: FILES })).toEqual({ configFile: file })
  expect(statSync(file).mode & 0o777).toBe(0o640)
  expect(parseConfig(readFileSync(file, 'utf8')).servers['files']).toEqual(FILES)
  expect(readdirSync(path)).toEqual(['warren.yaml'])
})

test('an edit that is refused leaves the file as it was', { tags: ['CFG-8'] }, () => {
  const path = directory()
  const file = join(path, 'warren.yaml')
  writeFileSync(file, COMMENTED)
  const attempts = [{ Files: FILES }, { b: FILES }, { ok: FILES, bad: { command: '' } }]
  for (const servers of attempts) expect(() => addServers(path, servers)).toThrow(/./)
  expect(readFileSync(file, 'utf8')).toBe(COMMENTED)
  expect(readdirSync(path)).toEqual(['warren.yaml'])
})

test('a link to the file stays a link', { tags: ['CFG-8'] }, () => {
  const path = directory()
  writeFileSync(join(path, 'real.yaml'), COMMENTED)
  symlinkSync('real.yaml', join(path, 'warren.yaml'))
  addServers(path, { files: FILES })
  expect(parseConfig(readFileSync(join(path, 'real.yaml'), 'utf8')).servers['files']).toEqual(FILES)
  expect(readdirSync(path).toSorted()).toEqual(['real.yaml', 'warren.yaml'])
})
