import { type Command, Option } from 'commander'
import { withFreshness } from './freshness-options.ts'
import { later } from './later.ts'

/** Options that several commands share. */
export interface KeyOptions {
  readonly withKeys: (command: Command) => Command
  readonly withPassphrase: (command: Command) => Command
}

/** The commands of administrators: keys, signatures, and what is decided with them. */
export function addCeremony(program: Command, { withKeys, withPassphrase }: KeyOptions): void {
  const admin = program
    .command('admin')
    .description('keys of administrators, founding a mesh with several, changing who they are')
  admin
    .command('key')
    .description('make the keys of an administrator, on any machine, without a network')
    .requiredOption('--out <name>', 'writes <name>.keys (secret) and <name>.pub.json (public)')
    .option('--after <file>', 'take the next keys of this key file into use, for the same DID')
    .option('--after-passphrase-file <path>', 'file that holds the passphrase of --after')
    .option('--passphrase-file <path>', 'file (mode 0600) that holds the new passphrase')
    .option('--passphrase-fd <number>', 'file descriptor to read the new passphrase from')
    .action(later(async () => (await import('./commands/admin-key.ts')).adminKey))
  withFreshness(withKeys(admin.command('init')))
    .description('found a mesh with several administrators; this machine becomes its first node')
    .option('--threshold <number>', 'how many administrators it takes to admit or to revoke', '2')
    .option('--of <number>', 'make the keys of that many administrators here, in admins/')
    .option(
      '--admin-passphrase-file <path...>',
      'files (mode 0600) that hold the passphrases of these keys, one each',
      [],
    )
    .option('--admin <file...>', 'or: the public files of administrators whose keys lie elsewhere')
    .option('--out <file>', 'with --admin: the file of the request', 'founding.json')
    .option('--enclave <name>', 'named part of the mesh that this node is in', 'main')
    .option('--role <name...>', 'roles of this node, which it may also grant', ['member'])
    .option('--witness <file...>', 'node.pub.json of further witnesses, besides this node')
    .option('--no-witness', 'nobody says that what nodes know is fresh')
    .action(later(async () => (await import('./commands/admin-init.ts')).adminInit))
  withPassphrase(admin.command('finish'))
    .description('found the mesh, when all its administrators have signed')
    .argument('<request...>', 'the signed request, or the copies that were signed apart')
    .action(later(async () => (await import('./commands/admin-init.ts')).adminFinish))
  program
    .command('sign')
    .description("read what a request asks for and sign it with an administrator's keys")
    .argument('<request>', 'the file of the request')
    .requiredOption('--keys <file...>', 'key files to sign with')
    .option('--passphrase-file <path...>', 'files that hold their passphrases, in this order', [])
    .option('--mesh <id>', 'refuse a request of any other mesh')
    .option('--out <file>', 'write a new file instead of replacing the request')
    .option('--yes', 'do not ask: it has been read')
    .action(later(async () => (await import('./commands/sign.ts')).sign))
  program
    .command('submit')
    .description('give a request with all its signatures to the running node')
    .argument('<request...>', 'the signed request, or the copies that were signed apart')
    .action(later(async () => (await import('./commands/submit.ts')).submit))
  addChange(admin)
  addRemovals(program)
  addGrants(program)
  addMembers(program)
}

function addChange(admin: Command): void {
  withSigning(admin.command('change'))
    .description('change who the administrators or witnesses are, or how many it takes')
    .option('--add <file...>', 'public files of new administrators, who sign as well', [])
    .option('--remove <did...>', 'administrators who go', [])
    .option('--rotate <file...>', 'public files with the next keys of administrators', [])
    .option('--add-witness <file...>', 'node.pub.json of new witnesses', [])
    .option('--remove-witness <who...>', 'witnesses who go, by DID or name', [])
    .option('--threshold <number>', 'how many administrators it takes to admit or to revoke')
    .option('--admin-threshold <number>', 'how many it takes to change the administrators')
    .option('--witness-threshold <number>', 'how many witnesses prove that knowledge is fresh')
    .option('--approver <did...>', 'who approves (default: as many as it takes)', [])
    .action(later(async () => (await import('./commands/decide.ts')).adminChange))
}

function addRemovals(program: Command): void {
  withSigning(program.command('revoke'))
    .description('take members, keys, enrollers or administrators out of the mesh for good')
    .argument('[who...]', 'members, by DID or by name')
    .option('--key <key...>', 'whoever shows this key, by multikey or hash', [])
    .option('--enroller <who...>', 'who admits others, with all that was not seen in time', [])
    .option('--admin <did...>', 'administrators, with all that was not seen in time', [])
    .option('--credential <id...>', 'single credentials, by urn:uuid:…', [])
    .addOption(
      new Option('--class <class>', 'what has happened')
        .choices(['lost', 'compromised', 'policy', 'retired'])
        .makeOptionMandatory(),
    )
    .requiredOption('--reason <text>', 'one line for people')
    .option('--since <position...>', 'seen in time: <DID of a witness>=<length> (default: now)')
    .option('--unknown', 'also DIDs of which this node knows no membership')
    .action(later(async () => (await import('./commands/revoke.ts')).revoke))
  withSigning(program.command('quarantine'))
    .description('keep one member out for up to 24 hours, on the word of one administrator')
    .argument('<who>', 'a member, by DID or by name')
    .requiredOption('--for <duration>', 'how long: 30m, 2h, 24h')
    .requiredOption('--reason <text>', 'one line for people')
    .option('--unknown', 'also DIDs of which this node knows no membership')
    .action(later(async () => (await import('./commands/decide.ts')).quarantine))
}

function addGrants(program: Command): void {
  withSigning(program.command('admit'))
    .description('make a machine a member that asks by a file')
    .argument('<join-request>', 'the file that "warren join --request" wrote')
    .option('--role <name...>', 'roles of the new member', ['member'])
    .option('--enclave <name>', 'enclave of the new member', 'main')
    .action(later(async () => (await import('./commands/decide.ts')).admit))
  withSigning(program.command('readmit'))
    .description('let a revoked member return, with new keys')
    .argument('<join-request>', 'the file in which it asks, with its new keys')
    .option('--role <name...>', 'roles of the member', ['member'])
    .option('--enclave <name>', 'enclave of the member', 'main')
    .action(later(async () => (await import('./commands/decide.ts')).readmit))
  withSigning(program.command('renew'))
    .description('let a membership go on')
    .argument('<who>', 'a member, by DID or by name')
    .option('--for <duration>', 'for how long from now', '365d')
    .action(later(async () => (await import('./commands/decide.ts')).renew))
  withSigning(program.command('enroller'))
    .description('let another node admit members, by invitations of its own')
    .argument('<public-file>', 'node.pub.json of that node')
    .option('--role <name...>', 'roles that it may give', ['member'])
    .option('--enclave <name>', 'enclave into which it may admit', 'main')
    .option('--quota <number>', 'how many members it may admit', '100')
    .option('--for <duration>', 'for how long from now', '365d')
    .action(later(async () => (await import('./commands/decide.ts')).enroller))
  withSigning(program.command('island'))
    .description('let an enclave live longer without signs of life of the witnesses')
    .argument('<enclave>', 'name of the enclave')
    .requiredOption('--stale <duration>', 'how old its knowledge may be: 12h, 7d')
    .requiredOption('--server <name...>', 'servers that may go on being used')
    .requiredOption('--until <duration>', 'for how long from now the grant is in force: 30d')
    .action(later(async () => (await import('./commands/decide.ts')).island))
}

function addMembers(program: Command): void {
  program
    .command('members')
    .description('who is or was a member, and how they stand')
    .action(later(async () => (await import('./commands/members.ts')).members))
  program
    .command('why')
    .description("what a member's standing rests on, record by record")
    .argument('<who>', 'a member, by DID or by name')
    .action(later(async () => (await import('./commands/members.ts')).why))
}

/** What every command has that decides something with the keys of administrators. */
function withSigning(command: Command): Command {
  return command
    .option('--keys <file...>', 'key files to sign with (default: the key in the data directory)')
    .option('--passphrase-file <path...>', 'files that hold their passphrases, in this order', [])
    .option('--out <file>', 'where the request goes while signatures are missing')
    .option('--yes', 'do not ask: it has been read')
}
