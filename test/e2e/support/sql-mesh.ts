import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { PGlite, types } from '@electric-sql/pglite'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { askWarren, WARREN_ENTRY } from '@warren/demo/warren-process'
import { SQLITE_SCHEMA } from '@warren/testkit'
import { vi } from 'vitest'
import { documentedBlock } from './documented-block.ts'
import { servePostgres } from './postgres-server.ts'
import { type ReadyMesh, readyMesh } from './ready-mesh.ts'
import { recordedCommand } from './recorded-server.ts'

const DBHUB = join(dirname(createRequire(import.meta.url).resolve('@bytebase/dbhub')), 'index.js')
const REFUSAL = 'internal.warren/refusal'
/** An SQLite database, a Postgres, and the same Postgres where a limit is put around what has none. */
const SERVERS = ['shop', 'ledger', 'report'] as const
export type ServerName = (typeof SERVERS)[number]

/** What a database holds: more rows of each table than the rules let out at once, and secrets. */
const ROWS = `
  INSERT INTO orders (id, item, total) SELECT n, n % 4 + 1, n * 1.5 FROM (VALUES_OF_N) AS v(n);
  INSERT INTO items (id, name) SELECT n, 'Item ' || n FROM (VALUES_OF_N) AS v(n) WHERE n <= 12;
`.replaceAll(
  'VALUES_OF_N',
  `VALUES ${Array.from({ length: 25 }, (_, n) => `(${n + 1})`).join(',')}`,
)

const POSTGRES_SCHEMA = `
  CREATE TABLE orders (id int PRIMARY KEY, item int, total numeric, at timestamptz DEFAULT '2026-03-01T12:00:00Z');
  CREATE TABLE items (id int PRIMARY KEY, name text, tags text[] DEFAULT ARRAY['a']);
  CREATE TABLE secrets (k text);
  CREATE VIEW open_secrets AS SELECT k FROM secrets;
  CREATE SCHEMA evil;
  CREATE TABLE evil.orders (k text);
  INSERT INTO secrets VALUES ('hunter2');
  INSERT INTO evil.orders VALUES ('hunter2');
`

/** dbhub leaves times as the database writes them. */
const AS_WRITTEN = Object.fromEntries(
  [types.DATE, types.TIMESTAMP, types.TIMESTAMPTZ].map((type) => [type, (text: string) => text]),
)

/** What the host is told of one call: the code of the refusal, if it is one, and the text. */
export interface Told {
  readonly code: unknown
  readonly text: string
}

/** A mesh of real processes in which one member asks another one's databases, through real servers. */
export interface SqlMesh {
  readonly mesh: ReadyMesh
  /** The data directory of the node with the servers. */
  readonly lab: string
  readonly shopFile: string
  readonly postgres: PGlite
  /** The rows of a statement, with times as Postgres writes them. */
  askPostgres(sql: string): Promise<readonly unknown[]>
  /** What has reached a server is written here. */
  recordOf(server: ServerName): string
  call(server: ServerName, tool: string, args: object): Promise<Told>
  close(): Promise<void>
}

/** Makes the mesh, with the policy that docs/operations shows. */
export async function sqlMesh(): Promise<SqlMesh> {
  const postgres = await PGlite.create()
  await postgres.exec(POSTGRES_SCHEMA + ROWS)
  const { port, server } = await servePostgres(postgres)
  const mesh = await readyMesh({
    names: ['desk', 'lab'],
    prepare: async ({ name, directory }) => {
      if (name === 'lab') await prepareLab(directory, port)
    },
  })
  const lab = mesh.node('lab').directory
  const clients = await connectAll(mesh)
  await putPolicy(lab, clients)
  return {
    mesh,
    lab,
    shopFile: shopFileOf(lab),
    postgres,
    recordOf: (name) => recordFileOf(lab, name),
    askPostgres: async (sql) => {
      const { rows } = await postgres.query(sql, [], { parsers: AS_WRITTEN })
      return rows
    },
    call: async (name, tool, args) => {
      const client = clients.get(name)
      if (client === undefined) throw new Error(`no server ${name}`)
      return toldBy(await client.callTool({ name: tool, arguments: { ...args } }))
    },
    close: async () => {
      for (const client of clients.values()) await client.close()
      await mesh.close()
      server.close()
      await postgres.close()
    },
  }
}

async function prepareLab(lab: string, port: number): Promise<void> {
  const shop = new DatabaseSync(shopFileOf(lab))
  shop.exec(SQLITE_SCHEMA)
  shop.exec(ROWS.replaceAll(/\((VALUES .*)\) AS v\(n\)/g, '(SELECT column1 AS n FROM ($1))'))
  shop.exec(`INSERT INTO "Secrets" VALUES ('hunter2')`)
  shop.close()
  const ledger = `postgres://postgres:postgres@127.0.0.1:${port}/postgres?sslmode=disable`
  const sources = { shop: `sqlite://${shopFileOf(lab)}`, ledger, report: ledger }
  for (const name of SERVERS) {
    const command = [process.execPath, DBHUB, '--transport', 'stdio', '--dsn', sources[name]]
    const recorded = recordedCommand(recordFileOf(lab, name), command)
    await askWarren(['--dir', lab, 'serve', name, '--', ...recorded])
    writeFileSync(recordFileOf(lab, name), '')
    put(lab, `${name}.cedar`, ruleOf(name).split('@id', 2).join('@id'))
  }
}

async function connectAll(mesh: ReadyMesh): Promise<ReadonlyMap<ServerName, Client>> {
  const { directory } = mesh.node('desk')
  await vi.waitUntil(
    async () => {
      const { reachable } = await askWarren(['--dir', directory, 'status'])
      return Array.isArray(reachable) && reachable.length === SERVERS.length
    },
    { timeout: 15_000, interval: 500 },
  )
  const clients = new Map<ServerName, Client>()
  for (const name of SERVERS) {
    const client = new Client({ name: 'host', version: '1.0.0' })
    const args = [WARREN_ENTRY, '--dir', directory, 'connect', name]
    const transport = { command: process.execPath, args, stderr: 'ignore' } as const
    await client.connect(new StdioClientTransport(transport))
    clients.set(name, client)
  }
  return clients
}

/** Pins the tools as the real servers list them, and puts the documented files beside. */
async function putPolicy(lab: string, clients: ReadonlyMap<ServerName, Client>): Promise<void> {
  mkdirSync(join(lab, 'policies/tools'), { mode: 0o700 })
  for (const [name, client] of clients) {
    const { tools } = await client.listTools()
    put(lab, `tools/${name}.json`, JSON.stringify({ tools }))
    put(lab, `${name}.cedar`, ruleOf(name))
  }
  put(lab, 'shop.sql', SQLITE_SCHEMA)
  put(lab, 'facts.yaml', documentedBlock('policy-sql.md', 'facts.yaml'))
  await askWarren(['--dir', lab, 'reload'])
}

/** The documented rule; for Postgres with its names. */
export function ruleOf(name: ServerName): string {
  const rule = documentedBlock('policy-sql.md', 'shop.cedar')
  return name === 'shop' ? rule : rule.replaceAll('shop', name).replaceAll('main.', 'public.')
}

function put(lab: string, name: string, text: string): void {
  writeFileSync(join(lab, 'policies', name), text, { mode: 0o600 })
}

function shopFileOf(lab: string): string {
  return join(dirname(lab), 'shop.db')
}

function recordFileOf(lab: string, name: ServerName): string {
  return join(dirname(lab), `${name}.jsonl`)
}

type Answer = Awaited<ReturnType<Client['callTool']>>

function toldBy({ _meta: meta, content }: Answer): Told {
  const refusal: unknown = meta?.[REFUSAL]
  const code =
    typeof refusal === 'object' && refusal !== null && 'code' in refusal ? refusal.code : undefined
  const [first] = content
  return { code, text: first?.type === 'text' ? first.text : '' }
}
