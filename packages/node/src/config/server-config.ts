import { serverUrlProblem } from '@warren/mcp'
import { z } from 'zod'
import type { ServerKeep } from '../audit/keep-rules.ts'
import { auditKeepSchema } from './audit-keep.ts'

/** An MCP server that this node starts as a child process. */
interface ProcessServerConfig {
  readonly command: string
  readonly args?: readonly string[] | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly cwd?: string | undefined
  readonly title?: string | undefined
  readonly audit?: ServerKeep | undefined
}

/** An MCP server that is reached over Streamable HTTP. */
interface HttpServerConfig {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly title?: string | undefined
  readonly audit?: ServerKeep | undefined
  readonly remote?: boolean | undefined
}

/** One entry of `servers`. */
export type ServerConfig = ProcessServerConfig | HttpServerConfig

const TEXT_LENGTH_MAX = 4_096
const VALUE_LENGTH_MAX = 32_768
const ARGS_MAX = 128
const NAMED_VALUES_MAX = 128
const TITLE_LENGTH_MAX = 128

/** How a server is called by the members of the mesh. */
export const SERVER_NAME_PATTERN: RegExp = /^[a-z][a-z0-9-]{0,31}$/

// A NUL would end the text early where the system reads it; CR and LF would end a header.
const text = z
  .string()
  .max(TEXT_LENGTH_MAX)
  .regex(/^[^\0]*$/, 'must not hold a NUL')
const requiredText = text.min(1)
const title = z.string().min(1).max(TITLE_LENGTH_MAX).optional().describe('What people read.')

const env = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is not the name of a variable'),
    z
      .string()
      .max(VALUE_LENGTH_MAX)
      .regex(/^[^\0]*$/, 'must not hold a NUL'),
  )
  .refine(hasFew, `has more than ${NAMED_VALUES_MAX} entries`)

const headers = z
  .record(
    z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, 'is not the name of a header'),
    z
      .string()
      .max(VALUE_LENGTH_MAX)
      .regex(/^[^\0\r\n]*$/, 'must not hold a line break'),
  )
  .refine(hasFew, `has more than ${NAMED_VALUES_MAX} entries`)

const processServer = z.strictObject({
  command: requiredText.describe('Program that speaks MCP on stdin and stdout.'),
  args: z.array(text).max(ARGS_MAX).optional(),
  env: env.optional().describe('Added to the few variables that every server gets.'),
  cwd: requiredText.optional().describe('Working directory; relative to the data directory.'),
  title,
  audit: auditKeepSchema,
})

const httpServer = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http: or https: URL' })
      .max(TEXT_LENGTH_MAX)
      .describe('Streamable HTTP endpoint, on this machine unless "remote" is set.'),
    headers: headers.optional().describe("Sent with every request: the owner's own credentials."),
    title,
    audit: auditKeepSchema,
    remote: z.boolean().optional().describe('Lets the URL point to another machine.'),
  })
  .superRefine(({ url, remote = false }, context) => {
    const message = serverUrlProblem(url, remote)
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['url'], message })
  })

const SERVERS_MAX = 256

export const serversSchema: z.ZodType<Readonly<Record<string, ServerConfig>>> = z
  .record(
    z.string().regex(SERVER_NAME_PATTERN, 'is not a name of a server ([a-z][a-z0-9-]{0,31})'),
    z.union([processServer, httpServer]),
  )
  .refine(
    (servers) => Object.keys(servers).length <= SERVERS_MAX,
    `has more than ${SERVERS_MAX} servers`,
  )

function hasFew(values: object): boolean {
  return Object.keys(values).length <= NAMED_VALUES_MAX
}
