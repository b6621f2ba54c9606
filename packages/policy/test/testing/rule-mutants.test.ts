import { mutantsOf, namedRules } from '@warren/policy'
import { expect, test } from 'vitest'

const TEXT = `// when this was written
@id("a") permit (principal, action, resource)
when { context has at && { "when": true }.when } unless { resource is Warren::Tool };
@id("b") @reason("unless \\"when\\"") forbid (principal, action, resource);
`

test('a rule is dropped once, and each of its conditions negated once', { tags: ['PST-2'] }, () => {
  const source = { name: 'x.cedar', text: TEXT }
  const mutants = mutantsOf(source)
  expect(mutants.map(({ rule, change }) => `${rule} ${change}`)).toEqual([
    'a dropped',
    'a negated',
    'a negated',
    'b dropped',
  ])
  const [dropped, first, second, last] = mutants.map(({ source: { text } }) => text)
  expect(dropped).not.toContain('@id("a")')
  expect(dropped).toContain('@id("b")')
  expect(first).toMatch(/^\s*(?:\/\/.*\n)?@id\("a"\)[^\n]*\nunless \{ context has at/m)
  expect(first).toContain('unless { resource is')
  expect(second).toContain('when { context has at')
  expect(second).toContain('when { resource is')
  expect(last).not.toContain('forbid')
})

test('names inside brackets, texts and comments are no conditions', { tags: ['PST-2'] }, () => {
  const plain = {
    name: 'y.cedar',
    text: '@id("c") permit (principal, action, resource); // when {',
  }
  expect(mutantsOf(plain).map(({ change }) => change)).toEqual(['dropped'])
  expect(namedRules(plain)).toEqual([{ id: 'c', file: 'y.cedar', effect: 'permit' }])
})
