import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type { Mesh } from './mesh.ts'
import { seen, step, timed } from './stage.ts'
import { WARREN_ENTRY } from './warren-process.ts'

const SHOWN_LENGTH_MAX = 110
const TOOLS_TIMEOUT_MS = 20_000

/** How many calls went through, and how many policy refused. */
export interface Calls {
  readonly allowed: number
  readonly refused: number
}

/** Plays an AI host at the desk: starts `warren connect`, lists what there is, calls tools on the other machines. */
export async function callTools(mesh: Mesh): Promise<Calls> {
  step('An AI host at the desk starts "warren connect" and sees the tools of the mesh')
  const client = new Client({ name: 'demo-host', version: '1.0.0' })
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [WARREN_ENTRY, '--dir', mesh.desk.directory, 'connect'],
    stderr: 'inherit',
  })
  const connected = await timed(() => client.connect(transport))
  const tools = await toolsOf(client)
  seen(
    `${tools.length} tools after ${connected.ms.toFixed(0)} ms: ${tools.slice(0, 4).join(', ')}, …`,
  )
  try {
    return await makeCalls(client)
  } finally {
    await client.close()
  }
}

/** The tools once all three servers are there: their first answer may take a moment, as processes start. */
async function toolsOf(client: Client): Promise<readonly string[]> {
  const deadline = performance.now() + TOOLS_TIMEOUT_MS
  for (;;) {
    const { tools } = await client.listTools()
    const names = tools.map(({ name }) => name)
    const complete = ['files__', 'memory__', 'sql__'].every((prefix) =>
      names.some((name) => name.startsWith(prefix)),
    )
    if (complete || performance.now() > deadline) return names
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function makeCalls(client: Client): Promise<Calls> {
  const wanted = [
    { title: 'the lab reads a file', name: 'files__read_text_file', args: { path: 'pump-7.md' } },
    {
      title: 'the plant remembers',
      name: 'memory__create_entities',
      args: {
        entities: [{ name: 'Pump 7', entityType: 'pump', observations: ['bearing replaced'] }],
      },
    },
    {
      title: 'the plant asks its database',
      name: 'sql__execute_sql',
      args: { sql: 'SELECT count(*) AS employees FROM employee' },
    },
    {
      title: 'somebody tries to write into the lab notes',
      name: 'files__write_file',
      args: { path: 'pump-7.md', content: 'x' },
    },
  ]
  let allowed = 0
  let refused = 0
  for (const { title, name, args } of wanted) {
    step(`${name}: ${title}`)
    const { value, ms } = await timed(() => client.callTool({ name, arguments: args }))
    const [block] = value.content
    const shown = block?.type === 'text' ? block.text : JSON.stringify(block)
    seen(
      `${value.isError === true ? 'refused' : 'allowed'} in ${ms.toFixed(1)} ms: ${brief(shown)}`,
    )
    if (value.isError === true) refused += 1
    else allowed += 1
  }
  if (allowed !== 3 || refused !== 1)
    throw new Error(`three calls should pass and one be refused, not ${allowed} and ${refused}`)
  return { allowed, refused }
}

function brief(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > SHOWN_LENGTH_MAX ? `${line.slice(0, SHOWN_LENGTH_MAX - 1)}…` : line
}
