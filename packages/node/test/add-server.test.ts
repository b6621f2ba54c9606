import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type AddedServer, addServer } from '../src/add-server.ts'
import { loadPolicies } from '../src/load-policies.ts'

const CONFIG = 'name: press\nservers: {}\n'

interface Site {
  readonly add: () => AddedServer
  readonly write: (file: string, text: string) => void
  readonly files: () => readonly string[]
  readonly config: () => string
  readonly policies: string
}

function site(): Site {
  const directory = mkdtempSync(join(tmpdir(), 'warren-serve-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const policies = join(directory, 'policies')
  mkdirSync(policies)
  writeFileSync(join(directory, 'warren.yaml'), CONFIG)
  return {
    policies,
    add: () =>
      addServer({
        directory,
        name: 'notes',
        definition: { command: 'node' },
        allowRoles: ['member'],
      }),
    write: (file, text) => writeFileSync(join(policies, file), text),
    files: () => readdirSync(policies).toSorted(),
    config: () => readFileSync(join(directory, 'warren.yaml'), 'utf8'),
  }
}

function rule(id: string): string {
  return `@id("${id}")\npermit (principal, action, resource in Warren::Server::"x");\n`
}

describe('a server with a rule', { tags: ['CLI-10'] }, () => {
  test('is added beside files that can be used', () => {
    const { add, write, files, config, policies } = site()
    write('other.cedar', rule('other'))
    expect(add().policyFile).toBe(join(policies, 'serve-notes.cedar'))
    expect(files()).toEqual(['other.cedar', 'serve-notes.cedar'])
    expect(config()).toContain('notes:')
    expect(loadPolicies(policies).engine.ruleCount).toBe(2)
  })

  test.for([
    { name: 'is broken', text: 'permit (', code: /^policy-/ },
    { name: 'has a rule of the same name', text: rule('serve-notes-member'), code: /^policy-/ },
    { name: 'is too large', text: ' '.repeat(1024 * 1024 + 1), code: /^policies-unreadable$/ },
  ])('is not added beside a file that $name, and nothing is written', ({ text, code }) => {
    const { add, write, files, config } = site()
    write('other.cedar', text)
    expect(add).toThrow(expect.objectContaining({ code: expect.stringMatching(code) }))
    expect(files()).toEqual(['other.cedar'])
    expect(config()).toBe(CONFIG)
  })

  test.for([
    { others: 255, isAdded: true },
    { others: 256, isAdded: false },
  ])('and $others other files: added is $isAdded', ({ others, isAdded }) => {
    const { add, write, files, config } = site()
    for (let index = 0; index < others; index += 1) write(`${index}.cedar`, '')
    if (isAdded) add()
    else expect(add).toThrow(expect.objectContaining({ code: 'policies-unreadable' }))
    expect(files()).toHaveLength(256)
    expect(config() === CONFIG).toBe(!isAdded)
  })
})
