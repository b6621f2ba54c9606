import { expect, test } from 'vitest'
import { factOf } from './fact-layer-of.ts'

const URL_ARGUMENT = { type: 'url', schemes: ['http', 'https', 'ws', 'ftp', 'redis'] }

test.for([
  [
    'https://example.com/a/b?q=1#f',
    { scheme: 'https', host: 'example.com', port: 443, path: '/a/b' },
  ],
  ['http://example.com', { port: 80, path: '/', hasCredentials: false }],
  ['http://example.com:8080/', { port: 8080 }],
  ['http://example.com:/', { port: 80 }],
  ['HTTP://EXAMPLE.COM/A', { scheme: 'http', host: 'example.com', path: '/A' }],
  ['http://example.com./', { host: 'example.com' }],
  ['ws://a-b.example/x', { host: 'a-b.example', port: 80 }],
  ['ftp://example.com/x', { port: 21 }],
  ['http://_dmarc.example.com/', { host: '_dmarc.example.com' }],
  ['http://xn--bcher-kva.example/', { host: 'xn--bcher-kva.example' }],
  ['http://bücher.example/', { host: 'xn--bcher-kva.example' }],
  ['http://BÜCHER.example/', { host: 'xn--bcher-kva.example' }],
  ['http://例え.example/', { host: 'xn--r8jz45g.example' }],
  // A Cyrillic letter makes another host, and shows.
  ['http://ex\u0430mple.com/', { host: 'xn--exmple-4nf.com' }],
  ['https://gitlab.example/api/projects/a%2Fb', { path: '/api/projects/a%2Fb' }],
  ['https://example.com/a//b', { path: '/a//b' }],
  ['https://example.com/.well-known/x..y', { path: '/.well-known/x..y' }],
  ['https://example.com/a%2520b/100%25', { path: '/a%2520b/100%25' }],
  ['https://example.com/a;v=1/b..c;x', { path: '/a;v=1/b..c;x' }],
  ['https://example.com/caf%C3%A9/...', { path: '/caf%C3%A9/...' }],
  ['https://example.com/a%5Cb', { path: '/a%5Cb' }],
  ['https://example.com/?next=../../etc/@x', { path: '/', hasCredentials: false }],
  ['https://user@example.com/', { host: 'example.com', hasCredentials: true }],
  ['https://user:secret@example.com/', { host: 'example.com', hasCredentials: true }],
  ['https://@example.com/', { host: 'example.com', hasCredentials: true }],
  ['https://example.com@evil.example/', { host: 'evil.example', hasCredentials: true }],
  ['http://[::1]:8080/', { host: '::1', port: 8080, isLoopback: true }],
  ['http://127.0.0.1/', { host: '127.0.0.1', isLoopback: true, addresses: ['127.0.0.1'] }],
] as const)('%s is read', { tags: ['FCT-15'] }, async ([text, expected]) => {
  expect(await factOf(URL_ARGUMENT, text)).toMatchObject({ ok: true, ...expected })
})

test('a port that nobody names is absent', { tags: ['FCT-15'] }, async () => {
  expect(await factOf(URL_ARGUMENT, 'redis://cache.example/0')).toEqual({
    ok: true,
    scheme: 'redis',
    host: 'cache.example',
    path: '/0',
    hasCredentials: false,
  })
})

test.for([
  ['', 'fact-url-malformed'],
  ['example.com', 'fact-url-malformed'],
  ['//example.com/', 'fact-url-malformed'],
  ['/etc/passwd', 'fact-url-malformed'],
  ['http:example.com', 'fact-url-malformed'],
  ['http:/example.com', 'fact-url-malformed'],
  ['http:///example.com', 'fact-url-malformed'],
  ['http://', 'fact-url-malformed'],
  ['http://?x', 'fact-url-malformed'],
  ['mailto:a@b.example', 'fact-url-malformed'],
  ['javascript:alert(1)', 'fact-url-malformed'],
  ['http://a.example:99999/', 'fact-url-malformed'],
  ['http://a..example/', 'known'],
  ['http://-/', 'fact-url-malformed'],
  ['redis://EXAMPLE.com/', 'fact-url-malformed'],
  ['redis://ex%61mple.com/', 'fact-url-malformed'],
  ['gopher://example.com/', 'fact-url-scheme'],
  ['file://host/etc/passwd', 'fact-url-scheme'],
  ['http://exa mple.com/', 'fact-url-ambiguous'],
  [' http://example.com/', 'fact-url-ambiguous'],
  ['http://example.com/\u00A0', 'fact-url-ambiguous'],
  ['http://example.com\\@evil.example/', 'fact-url-ambiguous'],
  ['http:\\\\evil.example/', 'fact-url-ambiguous'],
  ['http://a@b@evil.example/', 'fact-url-ambiguous'],
  ['http://evil.example:80:90/', 'fact-url-ambiguous'],
  ['http://evil.example:80@/', 'fact-url-malformed'],
  ['http://evil.example:x/', 'fact-url-ambiguous'],
  ['http://[::1', 'fact-url-ambiguous'],
  ['http://[::1]x/', 'fact-url-ambiguous'],
  ['http://[::1%25eth0]/', 'fact-url-malformed'],
  ['http://%31%32%37.0.0.1/', 'fact-url-ambiguous'],
  ['http://ex%61mple.com/', 'fact-url-ambiguous'],
  ['http://2130706433/', 'fact-url-ambiguous'],
  ['http://0x7f000001/', 'fact-url-ambiguous'],
  ['http://0x7f.1/', 'fact-url-ambiguous'],
  ['http://0177.0.0.1/', 'fact-url-ambiguous'],
  ['http://127.1/', 'fact-url-ambiguous'],
  ['http://127.0.0.1./', 'fact-url-ambiguous'],
  ['http://127.000.000.001/', 'fact-url-ambiguous'],
  ['redis://2130706433/', 'fact-url-ambiguous'],
  ['redis://0x7f.1/', 'fact-url-ambiguous'],
  ['redis://127.1/', 'fact-url-ambiguous'],
  ['redis://a.example.0x7f/', 'fact-url-ambiguous'],
  ['http://[0:0:0:0:0:0:0:1]/', 'fact-url-ambiguous'],
  ['http://[::ffff:127.0.0.1]/', 'fact-url-ambiguous'],
  ['http://１２７.0.0.1/', 'fact-url-ambiguous'],
  ['http://127。0。0。1/', 'fact-url-ambiguous'],
  ['http://ｅxample.com/', 'fact-url-ambiguous'],
  ['http://ⓔxample.com/', 'fact-url-ambiguous'],
  ['http://faß.example/', 'fact-url-ambiguous'],
  ['http://bücher．example/', 'fact-url-ambiguous'],
  ['http://example.com/a/../b', 'fact-url-ambiguous'],
  ['http://example.com/./b', 'fact-url-ambiguous'],
  ['http://example.com/..', 'fact-url-ambiguous'],
  ['http://example.com/a/%2e%2E/b', 'fact-url-ambiguous'],
  ['http://example.com/a/.%2e', 'fact-url-ambiguous'],
  ['http://example.com/public/..%2fadmin', 'fact-url-ambiguous'],
  ['http://example.com/public%2f..%2fadmin', 'fact-url-ambiguous'],
  ['http://example.com/public/..%5cadmin', 'fact-url-ambiguous'],
  ['http://example.com/public%5C..%5Cadmin', 'fact-url-ambiguous'],
  ['http://example.com/public/%252e%252e/admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%25252e%25252e/admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%2525252e./admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%%32%65./admin', 'fact-url-ambiguous'],
  ['http://example.com/public/..;/admin', 'fact-url-ambiguous'],
  ['http://example.com/public/..;x=1', 'fact-url-ambiguous'],
  ['http://example.com/public/..%3b/admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%c0%ae%c0%ae/admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%e0%80%ae./admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%EF%BC%8E%EF%BC%8E/admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%2e', 'fact-url-ambiguous'],
  ['http://example.com/public/..%3fadmin', 'fact-url-ambiguous'],
  ['http://example.com/public/..%23admin', 'fact-url-ambiguous'],
  ['http://example.com/public/..%00/admin', 'fact-url-ambiguous'],
  ['http://example.com/public/.%09./admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%0D..%0a/admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%2e%0a%2e/admin', 'fact-url-ambiguous'],
  ['http://example.com/public/..%20/admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%u002e%U002E/admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%uff0e./admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%EF%BC%852e./admin', 'fact-url-ambiguous'],
  ['http://example.com/public/\uFF052e./admin', 'fact-url-ambiguous'],
  ['http://example.com/public/%EF%BC%85EF%EF%BC%85BC%EF%BC%85852e./admin', 'fact-url-ambiguous'],
  ['http://example.com/public/a..%3fadmin', 'known'],
  ['http://example.com/public/..%3aadmin', 'known'],
  ['http://example.com/public/...%09/x', 'known'],
  ['http://example.com/public/%u00e9%20%EF%BC%85.txt', 'known'],
  ['http://exam\tple.com/', 'fact-characters'],
  ['http://example.com/\n', 'fact-characters'],
  ['http://example\u200B.com/', 'fact-characters'],
  ['http://example.com/\uD800', 'fact-characters'],
  [`http://example.com/${'x'.repeat(8192)}`, 'fact-too-long'],
] as const)('%s: %s', { tags: ['FCT-15', 'FCT-5'] }, async ([text, outcome]) => {
  const fact = await factOf(URL_ARGUMENT, text)
  expect(typeof fact === 'string' ? fact : 'known').toBe(outcome)
})

test('only http and https, where nothing else is declared', { tags: ['FCT-15'] }, async () => {
  expect(await factOf({ type: 'url' }, 'https://a.example/')).toMatchObject({ scheme: 'https' })
  expect(await factOf({ type: 'url' }, 'ftp://a.example/')).toBe('fact-url-scheme')
})

test.for([
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['128.0.0.1', 'public'],
  ['126.255.255.255', 'public'],
  ['169.254.169.254', 'link-local'],
  ['169.253.255.255', 'public'],
  ['10.0.0.1', 'private'],
  ['11.0.0.0', 'public'],
  ['172.15.255.255', 'public'],
  ['172.16.0.0', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.0', 'public'],
  ['192.168.1.1', 'private'],
  ['192.169.0.0', 'public'],
  ['100.63.255.255', 'public'],
  ['100.64.0.1', 'private'],
  ['100.128.0.0', 'public'],
  ['0.0.0.0', 'private'],
  ['198.18.0.1', 'private'],
  ['198.20.0.0', 'public'],
  ['223.255.255.255', 'public'],
  ['224.0.0.1', 'private'],
  ['255.255.255.255', 'private'],
  ['8.8.8.8', 'public'],
  ['[::]', 'private'],
  ['[::1]', 'loopback'],
  ['[::2]', 'private'],
  ['[fe80::1]', 'link-local'],
  ['[febf::1]', 'link-local'],
  ['[fec0::1]', 'private'],
  ['[fc00::1]', 'private'],
  ['[fd12:3456:789a::1]', 'private'],
  ['[ff02::1]', 'private'],
  ['[2606:4700::1111]', 'public'],
  ['[2001:db8::1]', 'private'],
  ['[2001::1]', 'private'],
  ['[2001:200::1]', 'public'],
  ['[3fff::1]', 'private'],
  ['[4000::1]', 'private'],
  ['[::ffff:7f00:1]', 'loopback'],
  ['[::ffff:a9fe:a9fe]', 'link-local'],
  ['[::ffff:808:808]', 'public'],
  ['[::7f00:1]', 'private'],
  ['[64:ff9b::7f00:1]', 'loopback'],
  ['[64:ff9b::808:808]', 'public'],
  ['[64:ff9b:1::808:808]', 'private'],
  ['[2002:7f00:1::]', 'loopback'],
  ['[2002:808:808::]', 'public'],
  ['[2002:a00:1::1]', 'private'],
] as const)('%s is %s', { tags: ['FCT-16'] }, async ([host, kind]) => {
  expect(await factOf(URL_ARGUMENT, `http://${host}/`)).toMatchObject({
    host: host.replaceAll(/[[\]]/g, ''),
    isPrivate: kind !== 'public',
    isLoopback: kind === 'loopback',
    isLinkLocal: kind === 'link-local',
  })
})

test.for(['localhost', 'LOCALHOST', 'localhost.', 'a.localhost'])(
  '%s is this machine, whatever a resolver says',
  { tags: ['FCT-16'] },
  async (host) => {
    const ports = { resolveName: async (): Promise<readonly string[]> => ['8.8.8.8'] }
    const fact = await factOf({ ...URL_ARGUMENT, resolve: true }, `http://${host}/`, ports)
    expect(fact).toMatchObject({ isLoopback: true, isPrivate: true })
  },
)

test('a name is asked for only where that is declared', { tags: ['FCT-17'] }, async () => {
  const asked: string[] = []
  const ports = {
    resolveName: async (host: string): Promise<readonly string[]> => {
      asked.push(host)
      return host === 'in.example' ? ['8.8.8.8', '10.1.2.3', '8.8.8.8'] : []
    },
  }
  const silent = await factOf(URL_ARGUMENT, 'http://in.example/', ports)
  expect(asked).toEqual([])
  expect(Object.keys(silent)).not.toContain('isPrivate')

  const resolving = { ...URL_ARGUMENT, resolve: true }
  expect(await factOf(resolving, 'http://IN.example./', ports)).toMatchObject({
    addresses: ['8.8.8.8', '10.1.2.3'],
    isPrivate: true,
    isLoopback: false,
  })
  const unknown = await factOf(resolving, 'http://out.example/', ports)
  expect(asked).toEqual(['in.example', 'out.example'])
  for (const name of ['addresses', 'isPrivate', 'isLoopback', 'isLinkLocal']) {
    expect(Object.keys(unknown)).not.toContain(name)
  }
  const alone = await factOf(resolving, 'http://in.example/')
  expect(Object.keys(alone)).not.toContain('addresses')
})

test.for([
  [64, 'known'],
  [65, 'fact-too-many'],
] as const)('a host with %i addresses: %s', { tags: ['FCT-5'] }, async ([count, outcome]) => {
  const addresses = Array.from({ length: count }, (_, index) => `8.8.8.${index}`)
  const ports = { resolveName: async (): Promise<readonly string[]> => addresses }
  const fact = await factOf({ type: 'url', resolve: true }, 'http://a.example/', ports)
  expect(typeof fact === 'string' ? fact : 'known').toBe(outcome)
})

test(
  'what a resolver calls an address and is none counts as private',
  { tags: ['FCT-16'] },
  async () => {
    for (const address of [
      '',
      '1.2.3',
      '1.2.3.4.5',
      '08.8.8.8',
      '256.1.1.1',
      ':::',
      '1::2::3',
      'g::',
    ]) {
      const ports = { resolveName: async (): Promise<readonly string[]> => [address] }
      const fact = await factOf({ type: 'url', resolve: true }, 'http://a.example/', ports)
      expect(fact, address).toMatchObject({ isPrivate: true })
    }
  },
)
