/** Request fields that pass to a server: what the transport needs, never a host's credentials or cookies. */
export const REQUEST_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
])

/** Response fields that pass to a host. */
export const RESPONSE_HEADERS: ReadonlySet<string> = new Set([
  'allow',
  'cache-control',
  'content-type',
  'mcp-session-id',
])

/** Of fields that repeat an argument of a tool call. */
export const PARAMETER_PREFIX = 'mcp-param-'
const FIELD_NAME = /^[a-z0-9-]{1,128}$/
const FIELD_VALUE = /^[\t\u0020-\u007e]{0,4096}$/
const FIELDS_MAX = 48

/** The fields of a request that may pass, with lower-case names. */
export function requestFields(fields: Readonly<Record<string, string>>): Record<string, string> {
  return pick(fields, (name) => REQUEST_HEADERS.has(name) || isParameterField(name))
}

/** Says whether a field repeats an argument of a tool call. */
export function isParameterField(name: string): boolean {
  return name.toLowerCase().startsWith(PARAMETER_PREFIX)
}

/** The fields of a response that may pass, with lower-case names. */
export function responseFields(fields: Readonly<Record<string, string>>): Record<string, string> {
  return pick(fields, (name) => RESPONSE_HEADERS.has(name))
}

/** The media type in a `content-type`: `Text/Event-Stream; charset=utf-8` is `text/event-stream`. */
export function mediaTypeIn(contentType: string | undefined): string {
  const [essence = ''] = (contentType ?? '').split(';')
  return essence.trim().toLowerCase()
}

function pick(
  fields: Readonly<Record<string, string>>,
  passes: (name: string) => boolean,
): Record<string, string> {
  const picked = Object.entries(fields)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name, value]) => passes(name) && FIELD_NAME.test(name) && FIELD_VALUE.test(value))
    .slice(0, FIELDS_MAX)
  return Object.fromEntries(picked)
}
