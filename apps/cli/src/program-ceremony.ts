import type { Command } from 'commander'
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
  withKeys(admin.command('init'))
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
}
