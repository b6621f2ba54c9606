import { hostname } from 'node:os'
import { HOST_KINDS, VERSION } from '@warren/node/client'
import { Argument, Command } from 'commander'
import { withFreshness } from './freshness-options.ts'
import { later } from './later.ts'
import { addAudit } from './program-audit.ts'
import { addCapability } from './program-capability.ts'
import { addCeremony } from './program-ceremony.ts'
import { addPolicy } from './program-policy.ts'

const NAME_LENGTH_MAX = 32

/** The whole command line. */
export function createProgram(): Command {
  const program = new Command('warren')
    .description(
      'Carries MCP tool calls between machines that have no internet and no server to trust.',
    )
    .option('--dir <directory>', 'data directory (default: $WARREN_HOME or ~/.warren)')
    .option('--json', 'one JSON document on stdout, errors as JSON on stderr')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .showHelpAfterError(false)
  addMembership(program)
  addCeremony(program, { withKeys, withPassphrase })
  addServing(program)
  addPolicy(program)
  addAsking(program)
  addAudit(program)
  addCapability(program, withPassphrase)
  return program
}

function addMembership(program: Command): void {
  withFreshness(withKeys(program.command('init')))
    .description('found a mesh: this machine becomes its first node and its administrator')
    .option('--enclave <name>', 'named part of the mesh that this node is in', 'main')
    .option('--role <name...>', 'roles of this node', ['member'])
    .option('--no-witness', 'nobody says that what nodes know is fresh')
    .action(later(async () => (await import('./commands/init.ts')).init))
  program
    .command('invite')
    .description('print a line that lets one machine in, once')
    .option('--role <name...>', 'roles that the new member gets', ['member'])
    .option('--enclave <name>', 'enclave of the new member (default: that of this node)')
    .option('--expires <duration>', 'how long it works: 15m, 24h, 7d', '24h')
    .option('--file <path>', 'write it to a new file instead of printing it')
    .action(later(async () => (await import('./commands/invite.ts')).invite))
  withKeys(program.command('join'))
    .description('become a member: with an invitation, or by files where there is no network')
    .argument('[invitation]', 'the line that "warren invite" printed, or a file that holds it')
    .option(
      '--request <file>',
      'without an invitation: make keys and a file that asks for admission',
    )
    .option('--return', 'with --request: this node was revoked and asks again, with new keys')
    .option('--membership <file...>', 'the signed request that came back for them')
    .option('--mesh <id>', 'with --membership: refuse that of any other mesh')
    .option('--yes', 'with --membership: do not ask, it has been read')
    .action(later(async () => (await import('./commands/join.ts')).join))
  withPassphrase(program.command('up'))
    .description('run the node')
    .option(
      '--trust-clock',
      'of a witness that was off: I have looked at the clock of this machine, and it is right',
    )
    .action(later(async () => (await import('./commands/up.ts')).up))
}

function withKeys(command: Command): Command {
  return withPassphrase(command)
    .option('--name <name>', 'what people call this node', defaultName())
    .option('--listen <multiaddr...>', 'addresses to listen on (default: all, port 4001)')
}

function withPassphrase(command: Command): Command {
  return command
    .option(
      '--passphrase-file <path>',
      'file (mode 0600) that holds the passphrase of the key files',
    )
    .option('--passphrase-fd <number>', 'file descriptor to read the passphrase from')
}

function addServing(program: Command): void {
  program
    .command('serve')
    .description('offer an MCP server of this machine to the mesh')
    .argument('<name>', 'short name: a-z, 0-9, "-"')
    .argument('[command...]', 'after "--": the command that starts the server on stdio')
    .option('--url <url>', 'a Streamable HTTP server on loopback instead of a command')
    .option('--title <text>', 'what people read')
    .option('--env <assignment...>', 'NAME=VALUE for the server process', [])
    .option('--cwd <directory>', 'working directory of the server process')
    .option(
      '--allow-role <name...>',
      'also write a policy file that lets these roles use all of it',
      [],
    )
    .action(later(async () => (await import('./commands/serve.ts')).serve))
  program
    .command('import')
    .description('take over the MCP servers from the file of an AI host')
    .argument('<file>', 'claude_desktop_config.json, .mcp.json, .vscode/mcp.json, …')
    .action(later(async () => (await import('./commands/import.ts')).importServers))
  program
    .command('reload')
    .description('let the running node take over changed servers and policies')
    .action(later(async () => (await import('./commands/reload.ts')).reload))
  program
    .command('connect')
    .description('MCP on stdin and stdout: what an AI host starts')
    .argument('[server]', 'one server, unchanged (default: all of them, with prefixed names)')
    .action(later(async () => (await import('./commands/connect.ts')).connect))
  program
    .command('snippet')
    .description('print what an AI host needs in its file to find the tools of the mesh')
    .addArgument(new Argument('<host>', 'the AI host').choices(HOST_KINDS))
    .argument('[server]', 'one server, unchanged (default: all of them, with prefixed names)')
    .action(later(async () => (await import('./commands/snippet.ts')).snippet))
}

function addAsking(program: Command): void {
  program
    .command('status')
    .description('what this node is and how it stands')
    .action(later(async () => (await import('./commands/ask.ts')).status))
  const staple = program
    .command('staple')
    .description(
      'show that this node is a member, to somebody who knows the mesh id and nothing else',
    )
    .option('--out <file>', 'write it to a new file instead of printing it')
    .action(later(async () => (await import('./commands/staple.ts')).staple))
  staple
    .command('verify')
    .description('who a staple is about, and as of when: needs no node and no network')
    .argument('<file>', 'what "warren staple" wrote')
    .requiredOption('--mesh <id>', 'the mesh, by an id that you have from elsewhere')
    .option('--max-age <duration>', 'refuse what is older by the clock of this machine: 5m, 24h')
    .action(later(async () => (await import('./commands/staple.ts')).verifyStaple))
  program
    .command('peers')
    .description('members this node is connected to')
    .action(later(async () => (await import('./commands/ask.ts')).peers))
  program
    .command('tools')
    .description(
      'tools that servers in the mesh show to this node; which of them it may call is for their owners to decide',
    )
    .argument('[server]', 'only those of one server')
    .action(later(async () => (await import('./commands/ask.ts')).tools))
  program
    .command('call')
    .description('call one tool')
    .argument('<server>', 'name of the server as "warren tools" shows it')
    .argument('<tool>', 'name of the tool')
    .option('--args <json>', 'arguments as a JSON object, "-" for standard input', '{}')
    .option('--timeout <duration>', 'how long to wait', '60s')
    .action(later(async () => (await import('./commands/ask.ts')).call))
}

function defaultName(): string {
  const cleaned = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
  return cleaned.slice(0, NAME_LENGTH_MAX) || 'node'
}
