import { expect, test } from 'vitest'
import { layerOf, read } from './fact-layer-of.ts'

async function listed(urls: readonly string[]): Promise<unknown> {
  const reading = await read(layerOf({ 'urls[]': { type: 'url' } }), { urls })
  return reading.status === 'known' ? reading.facts.get('urls[]') : reading.code
}

test('a list of URLs has addresses only when each of them has', { tags: ['FCT-17'] }, async () => {
  const urls = ['http://8.8.8.8/a', 'https://u@10.0.0.1/', 'http://8.8.8.8/b']
  expect(await listed(urls)).toEqual({
    ok: true,
    count: 3,
    schemes: ['http', 'https'],
    hosts: ['8.8.8.8', '10.0.0.1'],
    anyCredentials: true,
    addresses: ['8.8.8.8', '10.0.0.1'],
    anyPrivate: true,
    anyLoopback: false,
    anyLinkLocal: false,
  })
  expect(await listed([...urls, 'http://a.example/'])).toEqual({
    ok: true,
    count: 4,
    schemes: ['http', 'https'],
    hosts: ['8.8.8.8', '10.0.0.1', 'a.example'],
    anyCredentials: true,
  })
  expect(await listed(['http://8.8.8.8/', 'http://127.1/'])).toBe('fact-url-ambiguous')
})
