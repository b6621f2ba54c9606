import { FactFlaw, type FactFlawCode } from '../fact-flaw.ts'
import { requirePlainText } from '../plain-text.ts'

/** What a path may not be, before anybody looks at a file system. */
interface PathRule {
  readonly code: FactFlawCode
  readonly breaks: RegExp
  readonly sentence: string
}

const LENGTH_MAX = 4096
const SEGMENT_BYTES_MAX = 255
const FILE_URL = 'file:///'

/** Of what a decoding would make dots, separators or NUL. */
const ENCODED = /%(?:2e|2f|5c|00)/i
/** The same, also when decoded twice, in overlong UTF-8, or in the form with `%u`. */
const ENCODED_ANYHOW = /%(?:2e|2f|5c|00|25|c0|c1|u[0-9a-f]{4})/i
const RULES: readonly PathRule[] = [
  {
    code: 'fact-path-scheme',
    breaks: /^[a-z][a-z0-9+.-]*:/i,
    sentence: 'begins with a scheme or a drive; write a plain path or file:///',
  },
  {
    code: 'fact-path-scheme',
    breaks: /^\/\//,
    sentence: 'begins with two slashes, which some systems read as the name of a machine',
  },
  {
    code: 'fact-path-expansion',
    breaks: /^~|`|\$[A-Za-z_{(]/,
    sentence: 'holds "~", "$" or a back-quote that a server might expand',
  },
  {
    code: 'fact-path-encoded',
    breaks: ENCODED_ANYHOW,
    sentence: 'holds a percent-encoding that a server might decode again',
  },
  {
    code: 'fact-path-backslash',
    breaks: /\\/,
    sentence: 'holds a backslash, which some systems read as a separator',
  },
  {
    code: 'fact-path-name',
    breaks: /::?\$/,
    sentence: 'names a stream of a file rather than the file',
  },
  {
    code: 'fact-path-name',
    breaks: /(?:^|\/)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(?:[.:/]|$)/i,
    sentence: 'holds a name that is a device on some systems',
  },
  {
    code: 'fact-path-name',
    breaks: /^\s|(?:\s|[^/.]\.+|\.{3,})(?:\/|$)/,
    sentence: 'holds a name that begins or ends with a space or ends with a dot',
  },
]

/**
 * Reads the text of a path: decoded once where it is `file:///`, and refused where another reader
 * might understand another path.
 *
 * @throws FactFlaw
 */
export function parsePathText(asked: string): string {
  if (asked === '') throw new FactFlaw('fact-path-empty', 'is an empty path')
  requirePlainText(asked, LENGTH_MAX)
  const path = asked.startsWith(FILE_URL) ? decodeFileUrl(asked) : asked
  requirePlainText(path, LENGTH_MAX)
  requireRules(path)
  requireNoLookalike(path)
  return path
}

/** The parts of a path between its slashes; an empty one stands for "this must be a directory". */
export function segmentsOf(path: string): readonly string[] {
  return path.split('/')
}

function decodeFileUrl(url: string): string {
  const path = url.slice(FILE_URL.length - 1)
  if (ENCODED.test(path)) {
    throw new FactFlaw('fact-path-encoded', 'holds an encoded dot, separator or percent sign')
  }
  if (/[?#]/.test(path)) {
    throw new FactFlaw('fact-path-scheme', 'is a file URL with a query or a fragment')
  }
  // A server that takes the URL for a relative path would count the ".." from another place.
  if (segmentsOf(path).some((segment) => segment === '.' || segment === '..')) {
    throw new FactFlaw(
      'fact-path-ambiguous',
      'is a file URL with "." or ".." as a part of its path',
    )
  }
  try {
    return decodeURIComponent(path)
  } catch {
    throw new FactFlaw('fact-path-encoded', 'is a file URL whose percent-encoding is broken')
  }
}

function requireRules(path: string): void {
  if (segmentsOf(path).some((segment) => utf8Bytes(segment) > SEGMENT_BYTES_MAX)) {
    throw new FactFlaw('fact-too-long', `holds a name of more than ${SEGMENT_BYTES_MAX} bytes`)
  }
  for (const { code, breaks, sentence } of RULES) {
    if (breaks.test(path)) throw new FactFlaw(code, sentence)
  }
}

/** A server may fold compatibility forms (`．．`, `／`, `～`): the folded text must mean no other path. */
function requireNoLookalike(path: string): void {
  const folded = path.normalize('NFKC')
  if (folded === path) return
  const isSafe =
    skeleton(folded) === skeleton(path) && !RULES.some(({ breaks }) => breaks.test(folded))
  if (!isSafe) {
    throw new FactFlaw(
      'fact-path-lookalike',
      'holds characters that a server might read as dots or separators',
    )
  }
}

function skeleton(path: string): string {
  return segmentsOf(path)
    .map((segment) => (/^\.{0,2}$/.test(segment) ? segment : 'name'))
    .join('/')
}

function utf8Bytes(text: string): number {
  let bytes = 0
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4
  }
  return bytes
}
