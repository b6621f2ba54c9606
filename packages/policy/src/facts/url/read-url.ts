import type { UrlDeclaration } from '../declaration.ts'
import { FactFlaw } from '../fact-flaw.ts'
import { lenientReadings } from '../lenient-decoding.ts'
import { requirePlainText } from '../plain-text.ts'
import { classifyAddress, isAddress } from './address-class.ts'
import { classesOf, type UrlFact } from './url-fact.ts'
import type { NameResolver, ParsedUrl, UrlParser } from './url-ports.ts'

/** What reading a URL needs from outside. */
export interface UrlPorts {
  readonly parseUrl: UrlParser
  /** Absent on a node without a resolver. */
  readonly resolveName?: NameResolver
}

const LENGTH_MAX = 8192
const ADDRESSES_MAX = 64
/** Scheme, authority and the rest, cut where every reader cuts: RFC 3986, appendix B. */
const PARTS = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)([^?#]*)/i
const AUTHORITY = /^(?:[^@]*@)?(\[[^\]]*\]|[^:@[\]]*)(?::[0-9]{0,5})?$/
/**
 * A part of a path that is `.` or `..` to some reader: to a server in Java also with a parameter behind it, to one that
 * parses again what it decoded also before a query, and without the white space that it leaves out.
 */
const DOT_SEGMENT = /(?:^|[/\\])[\t\n\r ]*\.[\t\n\r ]*(?:\.[\t\n\r ]*)?(?:[/\\;?#\0]|$)/
const HOST = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/
const LOOPBACK_NAME = /(?:^|\.)localhost$/
const LOOPBACK_ADDRESSES: readonly string[] = ['127.0.0.1', '::1']
const PORTS: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['ws', 80],
  ['https', 443],
  ['wss', 443],
  ['ftp', 21],
])

/**
 * Reads a URL, and refuses one of which two parsers may read two hosts: white space, backslashes,
 * a missing authority, an encoded host, addresses in any but their canonical form, dot segments.
 *
 * @throws FactFlaw
 */
export async function readUrl(
  ports: UrlPorts,
  asked: string,
  { schemes, resolve }: UrlDeclaration,
): Promise<UrlFact> {
  requirePlainText(asked, LENGTH_MAX)
  const written = writtenParts(asked)
  const url = ports.parseUrl(asked)
  if (url === undefined) throw new FactFlaw('fact-url-malformed', 'is not a URL')
  const scheme = url.protocol.slice(0, -1)
  if (!schemes.includes(scheme) || scheme !== written.scheme) {
    throw new FactFlaw('fact-url-scheme', `is not a URL with the scheme ${schemes.join(' or ')}`)
  }
  const host = hostOf(url, written.host)
  const port = url.port === '' ? PORTS.get(scheme) : Number(url.port)
  const addresses = await addressesOf(host, resolve ? ports.resolveName : undefined)
  return Object.freeze({
    ok: true,
    scheme,
    host,
    ...(port !== undefined && { port }),
    path: url.pathname,
    hasCredentials: asked.slice(0, written.end).includes('@'),
    ...(addresses !== undefined && classesOf(addresses, classifyAddress)),
  })
}

/** The scheme and host as they are written, and where the authority ends. */
function writtenParts(asked: string): { scheme: string; host: string; end: number } {
  if (/[\s\\]/u.test(asked)) {
    throw new FactFlaw('fact-url-ambiguous', 'holds white space or a backslash')
  }
  const [, scheme, authority, path] = PARTS.exec(asked) ?? []
  if (scheme === undefined || authority === undefined || path === undefined) {
    throw new FactFlaw('fact-url-malformed', 'is not a URL of the form scheme://host/path')
  }
  const [, host] = AUTHORITY.exec(authority) ?? []
  if (host === undefined) throw new FactFlaw('fact-url-ambiguous', 'has no plain host and port')
  requireNoDots(path)
  return { scheme: scheme.toLowerCase(), host, end: scheme.length + 3 + authority.length }
}

/** A server may decode a path, again where one before it has done so, and then take `..` out of it. */
function requireNoDots(path: string): void {
  const readings = lenientReadings(path)
  if (readings === undefined || readings.some((reading) => DOT_SEGMENT.test(reading))) {
    throw new FactFlaw(
      'fact-url-ambiguous',
      'holds "." or ".." as a part of its path, or what a server may decode to that',
    )
  }
}

function hostOf({ hostname }: ParsedUrl, written: string): string {
  if (hostname.startsWith('[')) {
    if (hostname !== written.toLowerCase()) throw otherHost()
    return requireAddress(hostname.slice(1, -1))
  }
  const host = hostname.replace(/\.$/, '')
  if (!HOST.test(host)) throw new FactFlaw('fact-url-malformed', 'has a host that is no name')
  const isMapped = /(?:^|\.)xn--/.test(host) && isInternational(written)
  if (!isMapped && hostname !== written.toLowerCase()) throw otherHost()
  // What ends in a number is an address to some readers, in notations of their own.
  return /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/.test(host) ? requireAddress(host) : host
}

/** Beyond ASCII, and without the characters that IDNA 2003 and IDNA 2008 map to different names. */
function isInternational(host: string): boolean {
  const lower = host.toLowerCase()
  return /[^ -~]/.test(lower) && !/[ßς]/.test(lower) && lower.normalize('NFKC') === lower
}

function otherHost(): FactFlaw {
  return new FactFlaw('fact-url-ambiguous', 'has a host that parsers write in another way')
}

function requireAddress(host: string): string {
  if (!isAddress(host)) {
    throw new FactFlaw('fact-url-ambiguous', 'has an address in an unusual notation as its host')
  }
  return host
}

async function addressesOf(
  host: string,
  resolveName: NameResolver | undefined,
): Promise<readonly string[] | undefined> {
  if (isAddress(host)) return [host]
  if (LOOPBACK_NAME.test(host)) return LOOPBACK_ADDRESSES
  const addresses = await resolveName?.(host)
  if (addresses === undefined || addresses.length === 0) return undefined
  if (addresses.length > ADDRESSES_MAX) {
    throw new FactFlaw('fact-too-many', `has a host with more than ${ADDRESSES_MAX} addresses`)
  }
  return addresses
}
