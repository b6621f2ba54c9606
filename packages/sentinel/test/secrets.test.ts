import { findSecrets, isSecretName } from '@warren/sentinel'
import fc from 'fast-check'
import { expect, test } from 'vitest'

/** Digits that no real key has; forms alone count. */
const X = (length: number): string => 'x1Y2'.repeat(length).slice(0, length)
const PEM = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----'

const SECRETS = [
  ['aws-access-key', `AKIA${'ABCD2345'.repeat(2)}`],
  ['github-token', `ghp_${X(36)}`],
  ['github-token', `github_pat_${X(22)}`],
  ['gitlab-token', `glpat-${X(20)}`],
  ['slack-token', `xoxb-${X(10)}`],
  ['stripe-key', `sk_live_${X(16)}`],
  ['ai-key', `sk-${X(20)}`],
  ['google-key', `AIza${X(35)}`],
  ['npm-token', `npm_${X(36)}`],
  ['pypi-token', `pypi-${X(16)}`],
  ['age-key', `AGE-SECRET-KEY-1${'Q'.repeat(58)}`],
  ['vault-token', `hvs.${X(24)}`],
  ['jwt', `eyJ${X(8)}.eyJ${X(8)}.${X(20)}`],
  ['warren-invitation', `warren-invite:1:${X(16)}`],
  ['private-key', PEM],
  ['private-key', PEM.replaceAll('EC ', '')],
  ['private-key', PEM.replaceAll('EC ', 'OPENSSH ')],
] as const

function found(text: string): readonly (readonly [string, string])[] {
  return findSecrets(text).map(({ rule, start, end }) => [rule, text.slice(start, end)])
}

test.for(SECRETS)('%s is found wherever it stands: %s', { tags: ['SNT-1'] }, ([rule, secret]) => {
  for (const text of [secret, `see "${secret}" here`, `a\n${secret}\nb`, `(${secret})`]) {
    expect(found(text)).toEqual([[rule, secret]])
  }
})

test.for(SECRETS)(
  '%s is not found when its last character is missing: %s',
  { tags: ['SNT-2'] },
  ([rule, secret]) => {
    // What goes on to the end where it is cut off has no last character; the JWT's last part may be any length.
    if (['private-key', 'jwt'].includes(rule)) return
    expect(found(secret.slice(0, -1))).toEqual([])
  },
)

test.for([
  ['authorization', 'Authorization: Bearer abcdefghijkl', 'abcdefghijkl'],
  ['authorization', 'authorization: basic QWxhZGRpbjpvcGVu==', 'QWxhZGRpbjpvcGVu=='],
  ['url-password', 'postgres://user:p4ss@db/x', 'p4ss'],
  ['assignment', 'PASSWORD=swordfish other=1', 'swordfish'],
  ['assignment', '{"api_key": "abcd1234"}', 'abcd1234'],
  ['assignment', "token: 'abcd'", 'abcd'],
  ['assignment', '{"user":"a","password":"p&ssw0rd-x1"}', 'p&ssw0rd-x1'],
  ['assignment', '{"password":"abcdef;ghijkl","x":1}', 'abcdef;ghijkl'],
  ['assignment', 'password: "correct horse battery" # mine', 'correct horse battery'],
  ['assignment', String.raw`{"password":"a\"b\\","x":"y"}`, String.raw`a\"b\\`],
  ['assignment', "password='it, is' other='x'", 'it, is'],
  ['assignment', 'password="abcd\nnext="x"', 'abcd'],
  ['assignment', 'clientSecret: abcd', 'abcd'],
  ['assignment', '"api key" : "abcd"', 'abcd'],
  ['assignment', '{"password2":\n  "abcd"}', 'abcd'],
  ['assignment', "{'token1' => 'abcd'}", 'abcd'],
  ['assignment', 'password := "abcd"', 'abcd'],
  ['assignment', '{"pin_token":12345}', '12345'],
  ['assignment', '{"secrets":{"db":"}]","x":["y"]},"z":1}', '{"db":"}]","x":["y"]}'],
  ['assignment', '{"passwords":["a","b"]', '["a","b"]'],
  ['assignment', '{"passwords":["a","b', '["a","b'],
  ['assignment', '"Cookie": "sid=1; x=2"', 'sid=1; x=2'],
  ['assignment', 'password=p&ssw0rd-x1', 'p&ssw0rd-x1'],
  ['assignment', 'http://a/?token=abcd&x=1', 'abcd'],
  ['assignment', 'pass="abcd"', 'abcd'],
  ['assignment', 'DB_PASS=abcd', 'abcd'],
  ['assignment', '--pass=abcd', 'abcd'],
  [
    'slack-webhook',
    'https://hooks.slack.com/services/T0000/B0000/XXXXXXXXXX',
    'T0000/B0000/XXXXXXXXXX',
  ],
] as const)('%s: of %s the secret alone is found', { tags: ['SNT-1'] }, ([rule, text, secret]) => {
  expect(found(text)).toEqual([[rule, secret]])
})

test(
  'a private key whose end is missing goes on to the end of the text',
  { tags: ['SNT-1'] },
  () => {
    const cut = PEM.slice(0, 50)
    expect(found(`x ${cut}`)).toEqual([['private-key', cut]])
    expect(found(`${PEM} and ${PEM}`)).toEqual([
      ['private-key', PEM],
      ['private-key', PEM],
    ])
  },
)

test.for([
  '',
  'pass the word = tokens',
  `did:webvh:Qm${'a'.repeat(44)}:warren.internal`,
  'zQmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG',
  '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo',
  '0123456789abcdef0123456789abcdef',
  'CsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I',
  'http://localhost:8080/a@b',
  'AKIAABCD2345ABCD23456',
  'task-force-of-twenty-people',
  'the password is asked for',
  "unexpected token: 'abc'",
  'password: "abc" and more',
  'password=abc',
  'pass: 12345 tests',
  '--- PASS: TestPump (0.01s)',
  'pass=12345 fail=00000',
  'compass: north-east',
  'passport: "X1234567"',
  'max_tokens: 4096',
  '{"tokens": 4096, "nextPageToken": "abcd"}',
  'Secrets: rotated daily',
  'Cookie: chocolate',
  '{"password": null, "token": false}',
  '{"secrets": [ ], "x": 12345}',
])('%j holds no secret', { tags: ['SNT-2'] }, (text) => {
  expect(findSecrets(text)).toEqual([])
})

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(...SECRETS.map(([, secret]) => secret)),
    fc.constantFrom(
      'password=',
      '"secrets":',
      '{"a\\":"',
      'token: ',
      '://a:',
      '@',
      ' ',
      '\n',
      '"',
      '.',
      '[secret:jwt]',
    ),
    fc.string(),
  ),
  { maxLength: 12 },
)

test('ranges are in order and apart, and what stands for them is none', { tags: ['SNT-3'] }, () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join(' ')
      let at = 0
      let clean = ''
      for (const { start, end, rule } of findSecrets(text)) {
        expect(start).toBeGreaterThanOrEqual(at)
        expect(end).toBeGreaterThan(start)
        expect(end).toBeLessThanOrEqual(text.length)
        clean += `${text.slice(at, start)}[secret:${rule}]`
        at = end
      }
      expect(found(clean + text.slice(at))).toEqual([])
    }),
  )
})

test(
  'a value is found whole under however many JSON strings it stands in, and nothing around it',
  { tags: ['SNT-6'] },
  () => {
    const value = String.raw`correct "horse" \ battery, ;&'`
    let text = JSON.stringify({ a: 'b', password: value, c: ['d'] })
    let secret = JSON.stringify(value).slice(1, -1)
    for (let depth = 0; depth < 6; depth += 1) {
      expect(found(`see ${text} here`)).toEqual([['assignment', secret]])
      text = JSON.stringify({ text })
      secret = JSON.stringify(secret).slice(1, -1)
    }
  },
)

test('of a list under many JSON strings the whole is found', { tags: ['SNT-6'] }, () => {
  const list = JSON.stringify(['a"b]', { c: 'd' }])
  let text = `{"passwords":${list},"x":"y"}`
  let secret = list
  for (let depth = 0; depth < 4; depth += 1) {
    expect(found(text)).toEqual([['assignment', secret]])
    text = JSON.stringify({ text })
    secret = JSON.stringify(secret).slice(1, -1)
  }
})

test('a secret in another is one secret', { tags: ['SNT-3'] }, () => {
  expect(found(`token=ghp_${X(36)}`)).toEqual([['github-token', `ghp_${X(36)}`]])
  expect(found(`postgres://u:token=abcdef@db`)).toEqual([['url-password', 'token=abcdef@db']])
})

test.for([
  'eyJ',
  'eyJaaaaaaaa.',
  '-----BEGIN RSA PRIVATE KEY-----',
  '-----BEGIN ',
  '-----END PRIVATE KEY-----',
  '://a:b',
  'password',
  'password=        ',
  'bearer ',
  'sk-',
  'a',
  'hooks.slack.com/services/',
  'warren-invite:1:',
  ':',
  '":',
  'password:"',
  "password: '\n",
  'password=&a',
  'password="abc"',
  '"password":\\',
  '\\":"',
  '"secrets":[',
  '"secrets":["',
  '{"secrets":[',
  'password:\t\t\t\t\t\t\t\t',
  '[secret:',
])('a megabyte of %j does not take for ever', { tags: ['SNT-4'] }, (piece) => {
  // What grows with the square of the text would take hours here, and the run would end it.
  const text = piece.repeat(Math.ceil(1_048_576 / piece.length))
  for (const { start, end } of findSecrets(text)) expect(end).toBeGreaterThan(start)
  expect(findSecrets(`${text} npm_${X(36)}`).length).toBeGreaterThan(0)
})

test.for([
  'password',
  'Password',
  'db_password',
  'API-KEY',
  'apiKey',
  'clientSecret',
  'x-auth-token',
  'Cookie',
  `${'x'.repeat(999)}Password`,
  'passwords',
  'secrets',
  'credentials',
  'cookies',
  'password2',
  'token1',
  `token${'1'.repeat(99)}`,
  'password_2_',
  'refreshTokens',
  'pass',
  'PASS',
  'Pass2',
  'db_pass',
  'DB_PASS',
  'smtp.pass',
  'dbPass',
])('what stands under %s is secret', { tags: ['SNT-5'] }, (name) =>
  expect(isSecretName(name)).toBe(true),
)

test.for([
  '',
  'path',
  'tokens',
  'maxTokens',
  'passwords-file',
  'progressToken',
  'tokens2',
  'page_token_2',
  'passport',
  'compass',
  'COMPASS',
  'Bypass',
  'passes',
  'pass_rate',
  'secretary',
  'nextPageToken',
  'key',
])('what stands under %j may be looked at', { tags: ['SNT-5'] }, (name) =>
  expect(isSecretName(name)).toBe(false),
)
