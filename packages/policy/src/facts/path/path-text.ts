import { FactFlaw, type FactFlawCode } from '../fact-flaw.ts'
import { lenientReadings } from '../lenient-decoding.ts'
import { hasInvisible, requireLength, requirePlainText } from '../plain-text.ts'

/** What a path may not be, before anybody looks at a file system. */
interface PathRule {
  readonly code: FactFlawCode
  readonly breaks: RegExp
  readonly sentence: string
}

const LENGTH_MAX = 4096
const SEGMENT_BYTES_MAX = 255
const FILE_URL = 'file:///'

/**
 * What joins letters and makes a pictograph of a sign, where it does that: some scripts cannot be written without.
 * Beside a dot, a separator or an ASCII letter it is invisible as any other.
 */
const JOINED =
  /(?<=[\p{Extended_Pictographic}])\uFE0F|(?<=[^\P{L}A-Za-z]|\p{M}|\p{Extended_Pictographic}\uFE0F?|\p{Emoji_Modifier})[\u200C\u200D](?=[^\P{L}A-Za-z]|\p{Extended_Pictographic})/gu

/** Of what a decoding would make dots, separators or NUL. */
const ENCODED = /%(?:2e|2f|5c|00)/i
/** The same, also when decoded twice, in overlong UTF-8, or in the form with `%u`. */
const ENCODED_ANYHOW = /%(?:2e|2f|5c|00|25|c0|c1|u[0-9a-f]{4})/i
const RULES: readonly PathRule[] = [
  {
    code: 'fact-path-scheme',
    // `Re: hello.txt` is no URL to anybody: a scheme has no space behind it.
    breaks: /^[a-z][a-z0-9+.-]*:(?! [^/]*$)|^(?:file|[a-z]):/i,
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
    code: 'fact-path-expansion',
    breaks: /^@[/.~]/,
    sentence: 'begins with "@", behind which some programs read the name of a file',
  },
  {
    // A shell makes `..` of `{..,x}` and `.[.]`, and a server in Java of `..;x`; `[...x]` is one letter to it.
    code: 'fact-path-expansion',
    breaks: /[{,]\.|\[\.+\]|\[\.[^\]/]*\][[{?*]|\.;|[?@+!*]\(\.|(?:^|\/)\.+(?:[[{?*]|[@+!]\()/,
    sentence: 'holds a bracket, a comma, a semicolon or a wildcard beside a dot',
  },
  {
    code: 'fact-path-encoded',
    breaks: ENCODED_ANYHOW,
    sentence: 'holds a percent-encoding that a server might decode again',
  },
  {
    code: 'fact-path-expansion',
    breaks: /%[a-z_][a-z0-9_()]{2,}%/i,
    sentence: 'holds a name between "%" that a server might expand',
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
  requirePathText(asked)
  const path = asked.startsWith(FILE_URL) ? decodeFileUrl(asked) : asked
  requirePathText(path)
  requireRules(path)
  requireOneReading(path)
  return path
}

/** A name without what joins its letters, as some file systems compare it. */
export function withoutJoiners(name: string): string {
  return name.replaceAll(JOINED, '')
}

function requirePathText(text: string): void {
  requireLength(text, LENGTH_MAX)
  requirePlainText(withoutJoiners(text), LENGTH_MAX)
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

/** A server may fold compatibility forms (`．．`, `／`, `～`) and decode, also again: all of that must mean no other path. */
function requireOneReading(path: string): void {
  const readings = lenientReadings(path)
  if (readings === undefined) {
    throw new FactFlaw('fact-path-encoded', 'holds percent-encodings inside percent-encodings')
  }
  const folded = path.normalize('NFKC')
  for (const reading of readings) {
    if (reading === path || isSafeReading(reading, path)) continue
    throw reading === folded
      ? new FactFlaw(
          'fact-path-lookalike',
          'holds characters that a server might read as dots or separators',
        )
      : new FactFlaw(
          'fact-path-encoded',
          'holds a percent-encoding of which a server might make another path',
        )
  }
}

function isSafeReading(reading: string, path: string): boolean {
  return (
    skeleton(reading) === skeleton(path) &&
    !hasInvisible(withoutJoiners(reading)) &&
    !RULES.some(({ breaks }) => breaks.test(reading))
  )
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
