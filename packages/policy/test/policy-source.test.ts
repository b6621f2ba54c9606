import { createPolicyEngine, type PolicyErrorCode, type PolicySource } from '@warren/policy'
import { expect, test } from 'vitest'

const PERMIT = 'permit (principal, action, resource);'

function loadError(...policies: readonly PolicySource[]): unknown {
  try {
    createPolicyEngine({ policies })
    return undefined
  } catch (error) {
    return error
  }
}

function file(text: string, name = 'main.cedar'): PolicySource {
  return { name, text }
}

test.for<{ name: string; text: string; code: PolicyErrorCode; message: RegExp }>([
  {
    name: 'broken syntax',
    text: `// é\n${PERMIT}\npermit (principal, action resource);`,
    code: 'policy-malformed',
    message: /^main\.cedar:3: unexpected token `resource`/,
  },
  {
    name: 'an unknown action',
    text: `${PERMIT}\n\nforbid (principal, action == Warren::Action::"wrte", resource);`,
    code: 'policy-invalid',
    message: /^main\.cedar:3: unrecognized action `Warren::Action::"wrte"`; did you mean/,
  },
  {
    name: 'an unknown attribute',
    text: `permit (principal, action, resource)\nwhen { context.hour == 3 };`,
    code: 'policy-invalid',
    message: /^main\.cedar:2: attribute `hour` in context/,
  },
  {
    name: 'an unknown type',
    text: 'permit (principal is Warren::User, action, resource);',
    code: 'policy-invalid',
    message: /^main\.cedar:1: /,
  },
  {
    name: 'a rule that can never apply',
    text: 'forbid (principal, action == Warren::Action::"list", resource is Warren::Tool);',
    code: 'policy-invalid',
    message: /^main\.cedar:1: /,
  },
  {
    name: 'several faults, of which the first in the text is told of, also where it is but a warning',
    text: [
      'forbid (principal, action == Warren::Action::"list", resource is Warren::Tool);',
      ...Array.from(
        { length: 8 },
        (_, at) => `${PERMIT.slice(0, -1)} when { context.x${at} == 3 };`,
      ),
    ].join('\n'),
    code: 'policy-invalid',
    message: /^main\.cedar:1: /,
  },
  {
    name: 'invisible characters',
    text: 'permit (principal, action, resource) when { resource.name == "a\u202Eb" };',
    code: 'policy-invalid',
    message: /BIDI/,
  },
  {
    name: 'a template',
    text: 'permit (principal == ?principal, action, resource);',
    code: 'policy-malformed',
    message: /template/,
  },
  {
    name: 'an annotation that it does not know',
    text: `${PERMIT}\n@priority("1") ${PERMIT}`,
    code: 'policy-invalid',
    message: /policy1: the annotation @priority means nothing here/,
  },
  {
    name: 'an @id with spaces',
    text: `@id("no writes") ${PERMIT}`,
    code: 'policy-invalid',
    message: /@id is/,
  },
  {
    name: 'an @id without a value',
    text: `@id ${PERMIT}`,
    code: 'policy-invalid',
    message: /@id is/,
  },
  {
    name: 'an @id like an automatic one',
    text: `@id("main.cedar:policy0") ${PERMIT}`,
    code: 'policy-invalid',
    message: /@id is/,
  },
  {
    name: 'a @reason of two lines',
    text: `@reason("a\\nb") ${PERMIT}`,
    code: 'policy-invalid',
    message: /one printable line/,
  },
  {
    name: 'a @reason that is too long',
    text: `@reason("${'a'.repeat(301)}") ${PERMIT}`,
    code: 'policy-invalid',
    message: /at most 300/,
  },
  {
    name: 'a lone surrogate',
    text: `${PERMIT} // \uD800`,
    code: 'policy-malformed',
    message: /UTF-8/,
  },
])('a file with $name fails the load', { tags: ['POL-4'] }, ({ text, code, message }) => {
  const error = loadError(file(PERMIT, 'fine.cedar'), file(text))
  expect(error).toMatchObject({ name: 'PolicyError', code })
  expect(error).toHaveProperty('message', expect.stringMatching(message))
})

test.for([
  `@id("a-1.b_C") @reason("${'a'.repeat(300)}") ${PERMIT}`,
  'permit (principal, action, resource) when { resource.name == "café日本ラーメン" };',
  '',
])('%s loads', { tags: ['POL-4'] }, (text) => {
  expect(loadError(file(text))).toBeUndefined()
})

test.for(['', '../x.cedar', 'a\nb', 'x'.repeat(129)])(
  'a file cannot be named %j',
  { tags: ['POL-4'] },
  (name) => {
    expect(loadError(file(PERMIT, name))).toMatchObject({ code: 'policy-malformed' })
  },
)

test('two rules with one id fail the load', { tags: ['POL-5'] }, () => {
  const named = `@id("x") ${PERMIT}`
  const message = expect.stringMatching(/^b\.cedar: the id "x" stands in a\.cedar already/)
  expect(loadError(file(named, 'a.cedar'), file(named, 'b.cedar'))).toMatchObject({
    code: 'policy-duplicate-id',
    message,
  })
  expect(loadError(file(named + named))).toMatchObject({ code: 'policy-duplicate-id' })
  expect(loadError(file(PERMIT), file(PERMIT))).toMatchObject({ code: 'policy-duplicate-id' })
})

const when = (body: string): string => `\n permit (principal, action, resource) when { ${body} };`
test.for([
  {
    name: 'brackets',
    inside: when(`${'('.repeat(14)}true${')'.repeat(14)}`),
    outside: when(`${'('.repeat(16)}true${')'.repeat(16)}`),
  },
  {
    name: 'a sum',
    inside: when(`${'1+'.repeat(96)}1 == 97`),
    outside: when(`${'1+'.repeat(97)}1 == 98`),
  },
  {
    name: 'a choice',
    inside: when(`${'if true then true else '.repeat(96)}true`),
    outside: when(`${'if true then true else '.repeat(97)}true`),
  },
  {
    name: 'joined terms',
    inside: when(`${'true && '.repeat(64)}true`),
    outside: when(`${'true && '.repeat(65)}true`),
  },
  {
    name: 'length',
    inside: when(`"" != "${'x'.repeat(9000)}"`),
    outside: when(`"" != "${'x'.repeat(10_000)}"`),
  },
])(
  '$name up to the limit loads, beyond it does not',
  { tags: ['POL-6'] },
  ({ inside, outside }) => {
    expect(loadError(file(`${PERMIT}${inside}`))).toBeUndefined()
    expect(loadError(file(`${PERMIT}${outside}`))).toMatchObject({
      code: 'policy-too-complex',
      place: { line: 2 },
    })
  },
)

test('a policy at every limit at once is decided', { tags: ['POL-6'] }, () => {
  const sum = `${'('.repeat(14)}1${'+1)'.repeat(14)}${'+1'.repeat(82)} == 97`
  const text = when(`${sum}${' && true'.repeat(64)}`)
  const caller = { did: 'did:x', roles: [], enclave: '' }
  const engine = createPolicyEngine({ policies: [file(text)] })
  expect(engine.decide({ caller, action: 'list', server: 'fs', atMs: 0 }).allowed).toBe(true)
})

test.for([
  { name: 'deep brackets', text: when('['.repeat(50_000)) },
  { name: 'deep brackets behind a string', text: when(`"a;\\"//" == ${'('.repeat(50_000)}`) },
  {
    name: 'deep brackets behind a comment with a quote',
    text: `// "\n${when('('.repeat(50_000))}`,
  },
  { name: 'deep brackets behind an open string', text: when(`"${'('.repeat(50_000)}`) },
  { name: 'a long chain', text: when(`context${'.a'.repeat(20_000)}`) },
])('$name cannot break the engine', { tags: ['POL-6'] }, ({ text }) => {
  expect(loadError(file(text))).toMatchObject({ name: 'PolicyError' })
  expect(loadError(file(PERMIT))).toBeUndefined()
})

test('files and rules are counted', { tags: ['POL-6'] }, () => {
  const files = (count: number): PolicySource[] =>
    Array.from({ length: count }, (_, index) => file('', `f${index}`))
  expect(loadError(...files(256))).toBeUndefined()
  expect(loadError(...files(257))).toMatchObject({ code: 'policy-too-large' })
  expect(loadError(file(PERMIT.repeat(1000)))).toBeUndefined()
  expect(loadError(file(PERMIT.repeat(1001)))).toMatchObject({ code: 'policy-too-large' })
  expect(loadError(file(' '.repeat(262_145)))).toMatchObject({ code: 'policy-too-large' })
})
