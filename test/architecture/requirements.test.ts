import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readRequirements, unprovedIds } from '../requirements/requirements.ts'

function docsOf(pages: Readonly<Record<string, string>>): string {
  const docs = mkdtempSync(join(tmpdir(), 'warren-docs-'))
  onTestFinished(() => rmSync(docs, { recursive: true }))
  mkdirSync(join(docs, 'specs'))
  for (const [name, text] of Object.entries({ 'threat-model.md': '', ...pages })) {
    writeFileSync(join(docs, name), text)
  }
  return docs
}

test('requirements are read from specs and threats from the threat model', () => {
  const docs = docsOf({
    'specs/a.md': '# A\n\n- **A-1** It MUST.\n- **A-2** It MUST NOT.\n',
    'specs/b.md': 'Like **A-1** but other.\n- **B-10** It MUST.\n- **bold** words\n',
    'specs/notes.txt': '- **N-1** no spec\n',
    'threat-model.md':
      '- **THR-1** Stealing: it MUST fail.\n- **A member that turns bad** stays.\n',
  })
  expect([...readRequirements(docs)]).toEqual([
    ['A-1', 'It MUST.'],
    ['A-2', 'It MUST NOT.'],
    ['B-10', 'It MUST.'],
    ['THR-1', 'Stealing: it MUST fail.'],
  ])
})

test('an id that stands twice is an error, also across pages', () => {
  const line = '- **A-1** It MUST.\n'
  expect(() => readRequirements(docsOf({ 'specs/a.md': line, 'specs/b.md': line }))).toThrow(
    /twice/,
  )
  expect(() => readRequirements(docsOf({ 'specs/a.md': line, 'threat-model.md': line }))).toThrow(
    /twice/,
  )
})

test('documentation without a threat model is an error', () => {
  const docs = docsOf({})
  rmSync(join(docs, 'threat-model.md'))
  expect(() => readRequirements(docs)).toThrow(/ENOENT/)
})

test('an id is proved by a test that carries it and did not fail', () => {
  const requirements = new Map(['A-1', 'A-2', 'A-3', 'THR-1'].map((id) => [id, 'MUST']))
  expect(
    unprovedIds(requirements, [
      { tags: ['A-1', 'A-2'], state: 'passed' },
      { tags: ['A-2', 'A-3'], state: 'failed' },
      { tags: ['slow'], state: 'passed' },
    ]),
  ).toEqual(['A-3', 'THR-1'])
  expect(unprovedIds(requirements, [])).toEqual(['A-1', 'A-2', 'A-3', 'THR-1'])
  const all = [{ tags: [...requirements.keys()], state: 'passed' } as const]
  expect(unprovedIds(requirements, all)).toEqual([])
})

test('every page of this repository can be read, and names the threats one by one', () => {
  const ids = [...readRequirements().keys()]
  const threats = ids.filter((id) => id.startsWith('THR-'))
  expect(threats.length).toBeGreaterThan(0)
  expect(threats).toEqual(threats.map((_, index) => `THR-${index + 1}`))
  expect(ids.length).toBeGreaterThan(threats.length)
})
