import type { NetworkInterfaceInfo } from 'node:os'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { addressesOn } from '../src/lan-discovery-addresses.ts'
import {
  interfaceKey,
  isFromInterface,
  isOnLink,
  type LanInterface,
  lanInterfaces,
} from '../src/lan-discovery-interface.ts'
import { zonedHost } from '../src/lan-discovery-tcp.ts'
import { dialMultiaddr, tcpAddressOf, wireMultiaddr } from '../src/lan-discovery-tcp-address.ts'

function info(cidr: string, internal = false): NetworkInterfaceInfo {
  const [address = ''] = cidr.split('/')
  const shared = { address, cidr, internal, mac: '02:00:00:00:00:01', netmask: '' }
  return address.includes(':')
    ? { ...shared, family: 'IPv6', scopeid: 2 }
    : { ...shared, family: 'IPv4' }
}

const [loopback, wire4, wire6, link6] = lanInterfaces({
  lo: [info('127.0.0.1/8', true), info('::1/128', true)],
  eth0: [info('10.9.8.1/24'), info('fd00:1::1/64'), info('fe80::1/64'), info('10.9.7.1/24')],
  eth1: [info('fe80::2/64')],
}) as [LanInterface, LanInterface, LanInterface, LanInterface]

function on(lan: LanInterface, listening: string[], bound: string[]): string[] {
  const own = {
    listening: listening.map((text) => multiaddr(text)),
    bound: bound.map((text) => multiaddr(text)),
  }
  return addressesOn(lan, own).map(wireMultiaddr)
}

function dial(text: string): string {
  return dialMultiaddr(tcpAddressOf(multiaddr(text))!, 'eth1').toString()
}

test('there is one entry for each interface and family', { tags: ['LAN-1'] }, () => {
  const seen = [loopback, wire4, wire6, link6].map((lan) => [interfaceKey(lan), lan.addresses])
  expect(seen).toEqual([
    ['ipv4 lo 127.0.0.1', ['127.0.0.1']],
    ['ipv4 eth0 10.9.8.1', ['10.9.8.1', '10.9.7.1']],
    ['ipv6 eth0', ['fd00:1::1', 'fe80::1']],
    ['ipv6 eth1', ['fe80::2']],
  ])
  expect(lanInterfaces({})).toEqual([])
  expect(lanInterfaces({ eth0: undefined })).toEqual([])
})

test(
  'a wildcard listener is announced on each wire with the addresses of that wire',
  { tags: ['LAN-3'] },
  () => {
    const listening = ['/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4002']
    const bound = ['/ip4/127.0.0.1/tcp/4001', '/ip4/10.9.8.1/tcp/4001', '/ip6/fd00:1::1/tcp/4002']
    expect(on(loopback, listening, bound)).toEqual(['/ip4/127.0.0.1/tcp/4001'])
    expect(on(wire4, listening, bound)).toEqual([
      '/ip4/10.9.8.1/tcp/4001',
      '/ip4/10.9.7.1/tcp/4001',
    ])
    expect(on(wire6, listening, bound)).toEqual([
      '/ip6/fd00:1::1/tcp/4002',
      '/ip6/fe80::1/tcp/4002',
    ])
    expect(on(link6, listening, bound)).toEqual(['/ip6/fe80::2/tcp/4002'])
  },
)

test('a port that the system chose is found among the bound ones', { tags: ['LAN-3'] }, () => {
  const listening = ['/ip6/::/tcp/0', '/ip6/fd00:1::1/tcp/9']
  expect(on(link6, listening, ['/ip6/::1/tcp/3333', '/ip6/fd00:1::1/tcp/9'])).toEqual([
    '/ip6/fe80::2/tcp/3333',
  ])
  expect(on(link6, listening, [])).toEqual([])
})

test('a listener on one address is announced on its wire alone', { tags: ['LAN-3'] }, () => {
  const listening = ['/ip4/10.9.8.1/tcp/4001']
  expect(on(wire4, listening, listening)).toEqual(listening)
  expect(on(loopback, listening, listening)).toEqual([])
  expect(on(wire6, listening, listening)).toEqual([])
})

test.for([
  { source: '10.9.8.77', there: true },
  { source: '10.9.7.77', there: true },
  { source: '10.9.9.77', there: false },
  { source: '127.0.0.1', there: false },
  { source: 'fe80::9%eth0', there: false },
])(
  'a packet from $source came over the IPv4 wire: $there',
  { tags: ['LAN-9'] },
  ({ source, there }) => {
    expect(isFromInterface(source, wire4)).toBe(there)
  },
)

test.for([
  { source: 'fe80::9%eth0', there: true },
  { source: 'fe80::9%eth1', there: false },
  { source: 'fd00:1::9', there: true },
  { source: 'fd00:2::9', there: false },
  { source: '10.9.8.77', there: false },
])(
  'a packet from $source came over the IPv6 wire: $there',
  { tags: ['LAN-9'] },
  ({ source, there }) => {
    expect(isFromInterface(source, wire6)).toBe(there)
  },
)

test.for([
  { host: '10.9.8.255', there: true },
  { host: '10.9.9.1', there: false },
  { host: '169.254.1.1', there: false },
  { host: '8.8.8.8', there: false },
  { host: '127.0.0.1', there: false },
])('$host is on the IPv4 link: $there', { tags: ['LAN-9'] }, ({ host, there }) => {
  expect(isOnLink(host, wire4)).toBe(there)
})

test('a link-local address gets the receiving interface as its zone', { tags: ['LAN-9'] }, () => {
  expect(dial('/ip6/fe80::9/tcp/1')).toBe('/ip6zone/eth1/ip6/fe80::9/tcp/1')
  expect(dial('/ip6/febf::9/tcp/1')).toBe('/ip6zone/eth1/ip6/febf::9/tcp/1')
  expect(dial('/ip6/fec0::9/tcp/1')).toBe('/ip6/fec0::9/tcp/1')
  expect(dial('/ip4/10.0.0.1/tcp/1')).toBe('/ip4/10.0.0.1/tcp/1')
})

test('the zone of an address is handed to the system', { tags: ['LAN-11'] }, () => {
  expect(zonedHost(multiaddr('/ip6zone/eth1/ip6/fe80::9/tcp/1'))).toBe('fe80::9%eth1')
  expect(zonedHost(multiaddr('/ip6/fe80::9/tcp/1'))).toBeUndefined()
  expect(zonedHost(multiaddr('/ip4/10.0.0.1/tcp/1'))).toBeUndefined()
})
