import { isIPv4 } from 'node:net'
import { z } from 'zod'
import type { ExportTarget } from './export-target.ts'

const TARGETS_MAX = 16
const PATH_LENGTH_MAX = 4_096
const HOST_LENGTH_MAX = 253
const PORT_MAX = 65_535

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'is not a name of a target ([a-z][a-z0-9-]{0,31})')
  .describe('Under this name the node remembers how far the receiver has come.')
const path = z.string().min(1).max(PATH_LENGTH_MAX)
const host = z
  .string()
  .max(HOST_LENGTH_MAX)
  .regex(/^[A-Za-z0-9:._-]+$/, 'must be a name or an address')
const port = z.int().min(1).max(PORT_MAX)
const anyFormat = z.enum(['syslog', 'cef', 'ocsf', 'jsonl'])
/** RELP carries syslog messages. */
const syslogFormat = z.enum(['syslog', 'cef'])

const cleartext = z
  .boolean()
  .optional()
  .describe('Lets the log pass unencrypted to another machine.')
const tls = {
  host,
  port,
  ca: path.describe('Certificates (PEM) of those who may vouch for the receiver.'),
  cert: path.optional().describe('Certificate (PEM) that this node shows.'),
  key: path.optional().describe('Its private key (PEM, mode 0600).'),
  serverName: host.optional().describe("Name in the receiver's certificate, where it is not host."),
}

const target: z.ZodType<ExportTarget> = z
  .discriminatedUnion('transport', [
    z.strictObject({ name, format: anyFormat, transport: z.literal('file'), path }),
    z.strictObject({ name, format: anyFormat, transport: z.literal('tcp'), host, port, cleartext }),
    z.strictObject({
      name,
      format: syslogFormat,
      transport: z.literal('relp'),
      host,
      port,
      cleartext,
    }),
    z.strictObject({ name, format: anyFormat, transport: z.literal('tls'), ...tls }),
    z.strictObject({ name, format: syslogFormat, transport: z.literal('relp-tls'), ...tls }),
  ])
  .superRefine((value, context) => {
    const problem = problemOf(value)
    if (problem !== undefined) context.addIssue({ code: 'custom', ...problem })
  })

interface Problem {
  readonly path: string[]
  readonly message: string
}

function problemOf(value: ExportTarget): Problem | undefined {
  if ('ca' in value) {
    if ((value.cert === undefined) === (value.key === undefined)) return undefined
    return { path: ['cert'], message: 'a certificate and its key go together' }
  }
  if (value.transport === 'file' || value.cleartext === true || isLoopback(value.host)) {
    return undefined
  }
  return {
    path: ['transport'],
    message:
      'is not encrypted and the receiver is on another machine: use tls or relp-tls, or set "cleartext: true"',
  }
}

function isLoopback(address: string): boolean {
  return (
    address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'))
  )
}

/** `audit.export` in `warren.yaml`: who gets copies of the audit log, as they are written. */
export const exportSchema: z.ZodType<readonly ExportTarget[]> = z
  .array(target)
  .max(TARGETS_MAX)
  .refine(
    (targets) => new Set(targets.map((each) => each.name)).size === targets.length,
    'has two targets of one name',
  )
  .describe('Receivers of copies of the audit log, such as a SIEM.')
