import { expect, test } from 'vitest'
import { readLimitFile } from '../../src/behaviour/read-limit-file.ts'
import { readCaseFile } from '../../src/policy/cases/read-case-file.ts'
import { readFactFile } from '../../src/policy/read-fact-file.ts'

const LENGTH_MAX = 262_144

const READERS: readonly (readonly [string, (text: string) => unknown, string])[] = [
  ['facts.yaml', (text) => readFactFile({ name: 'facts.yaml', text }), '{}'],
  ['limits.yaml', (text) => readLimitFile({ name: 'limits.yaml', text }), '{}'],
  ['a.cases.yaml', (text) => readCaseFile({ name: 'a.cases.yaml', text }), 'cases: []'],
]

/** What is said of a text; it must not be taken. */
function faultOf(read: () => unknown): unknown {
  try {
    read()
  } catch (error) {
    const { code, message, place } = Object(error)
    return { code, message, place }
  }
  throw new Error('the text was taken')
}

test.for<[string, string, number]>([
  ['a tag', 'a: 1\nb: !x y', 2],
  ['an alias', 'a: &x 1\nb: *x', 2],
  ['a key twice', 'a: 1\na: 2', 2],
  ['a list that does not end', 'a: [', 1],
  ['the key __proto__', 'a: 1\n__proto__: 1', 2],
])('a file with %s is refused in the same words, whichever it is', { tags: ['POL-32'] }, (row) => {
  const [, text, line] = row
  const [first, ...others] = READERS.map(([file, read]) => {
    const { code, message, place } = Object(faultOf(() => read(text)))
    expect(place).toEqual({ file, line })
    return { code, message: String(message).replace(file, '') }
  })
  expect(first).toMatchObject({ code: 'policy-malformed', message: expect.stringMatching(/./) })
  for (const other of others) expect(other).toEqual(first)
})

test(
  'a file of 262144 characters is read, and one of more is refused',
  { tags: ['POL-32'] },
  () => {
    for (const [file, read, text] of READERS) {
      const fits = `${text}\n#`.padEnd(LENGTH_MAX, 'x')
      expect(read(fits)).toBeDefined()
      expect(faultOf(() => read(`${fits}x`))).toEqual({
        code: 'policy-too-large',
        message: expect.stringContaining(`the file has more than ${LENGTH_MAX} characters`),
        place: { file },
      })
    }
  },
)

test.for<[string, (text: string) => unknown, string, number, string]>([
  [
    'limits',
    (text) => readLimitFile({ name: 'limits.yaml', text }),
    'limits:\n  calm: { count: calls, max: secret-word, within: 1m }',
    2,
    'limits.calm.max must be a number',
  ],
  [
    'cases',
    (text) => readCaseFile({ name: 'limits.yaml', text }),
    'cases:\n  - { name: secret-word, server: fs, expect: 7 }',
    2,
    'cases.0.expect',
  ],
  [
    'cases that are missing',
    (text) => readCaseFile({ name: 'limits.yaml', text }),
    '{}',
    1,
    'cases is missing',
  ],
])(
  'a wrong value in %s is named by its place, and not said',
  { tags: ['POL-32'] },
  ([, read, text, line, place]) => {
    const fault = faultOf(() => read(text))
    expect(fault).toMatchObject({
      code: 'policy-malformed',
      place: { file: 'limits.yaml', line },
      message: expect.stringContaining(place),
    })
    expect(JSON.stringify(fault)).not.toContain('secret-word')
  },
)
