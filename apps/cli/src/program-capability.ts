import { type Command, Option } from 'commander'
import { later } from './later.ts'

/** The commands on capabilities. None needs a running node. */
export function addCapability(
  program: Command,
  withPassphrase: (command: Command) => Command,
): void {
  const capability = program
    .command('capability')
    .description('let one member call some tools with some arguments for some time')
  withGrant(withPassphrase(capability.command('issue')))
    .description('sign a first link, for a server of this node or of one whose owner names it')
    .requiredOption('--server <name>', 'name of the server in the configuration of its owner')
    .requiredOption('--tool <name...>', 'tools that may be called')
    .option('--node <did>', 'owner of the server (default: this node)')
    .action(later(async () => (await import('./commands/capability-grant.ts')).issue))
  withGrant(withPassphrase(capability.command('delegate')))
    .description('pass a capability on, or some of it')
    .argument('<file>', 'the capability, of which this node is the last holder')
    .option('--tool <name...>', 'tools that may be called (default: the same)')
    .action(later(async () => (await import('./commands/capability-grant.ts')).delegate))
  capability
    .command('show')
    .description('what a capability says; its signatures are checked by the owner of the server')
    .argument('<file>', 'the capability')
    .action(later(async () => (await import('./commands/capability-keep.ts')).show))
  capability
    .command('accept')
    .description('take a capability that was issued to this node, or a revocation for its servers')
    .argument('<file>', 'the capability, or the signed revocation')
    .action(later(async () => (await import('./commands/capability-keep.ts')).accept))
  capability
    .command('list')
    .description('what this node holds, has issued and has been told, and how it stands')
    .action(later(async () => (await import('./commands/capability-keep.ts')).list))
  withPassphrase(capability.command('revoke'))
    .description('take back a link that this node has issued, or any for its own servers')
    .argument('<id>', 'id of the link: urn:uuid:…')
    .option('--out <file>', 'also write the signed revocation to a new file, to be carried')
    .option('--yes', 'do not ask')
    .action(later(async () => (await import('./commands/capability-revoke.ts')).revoke))
}

function withGrant(command: Command): Command {
  return command
    .requiredOption('--to <did>', 'who may call')
    .option('--arguments <json>', 'JSON Schema of the arguments, "-" for standard input')
    .option('--for <duration>', 'for how long from now: 15m, 24h, 7d', '24h')
    .addOption(
      new Option('--delegable <number>', 'how many times it may be passed on')
        .choices(['0', '1', '2', '3', '4'])
        .default('0'),
    )
    .requiredOption('--out <file>', 'the new file')
    .option('--yes', 'do not ask: it has been read')
}
