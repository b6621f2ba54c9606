import { lookup } from 'node:dns/promises'
import type { NameResolver, UrlParser } from '@warren/policy'
import { boundedStep } from './bounded-step.ts'

const LOOKUP_MS = 2000

/** The URL parser of Node, which is that of the WHATWG URL Standard. */
export const parseUrl: UrlParser = (text) => URL.parse(text) ?? undefined

/** Asks the resolver of this machine; a name that it does not know has no addresses. */
export const resolveName: NameResolver = async (host) => {
  try {
    const found = await boundedStep(lookup(host, { all: true }), LOOKUP_MS)
    return found.map(({ address }) => address.replace(/%.*$/, ''))
  } catch {
    // No network, no such name, no answer in time: all of them are "not known".
    return []
  }
}
