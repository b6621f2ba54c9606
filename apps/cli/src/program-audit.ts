import { ENTRY_KINDS } from '@warren/node/client'
import { type Command, Option } from 'commander'
import { later } from './later.ts'

const FORMATS = ['jsonl', 'ocsf', 'cef', 'syslog']

/** The commands on the audit log. But for `erase` and `disclose`, they need no running node, and work on a copy of its files. */
export function addAudit(program: Command): void {
  const audit = program
    .command('audit')
    .description('read, verify and prove what this node decided, and hand it to others')
  addReading(audit)
  addProving(audit)
  addDisclosing(audit)
  addHandingOut(audit)
  audit
    .command('erase')
    .description('erase what a closed segment keeps; the log says so, and stays provable')
    .argument('<segment>', 'number of the first entry of the segment')
    .addOption(
      new Option('--what <what>', 'kept values alone, or the entries too')
        .choices(['bodies', 'entries'])
        .default('bodies'),
    )
    .option('--yes', 'do not ask')
    .action(later(async () => (await import('./commands/audit-erase.ts')).auditErase))
}

function addReading(audit: Command): void {
  withLog(audit.command('tail'))
    .description('the newest entries')
    .option('-f, --follow', 'go on with each entry that comes (with --json, one document a line)')
    .option('-n, --lines <number>', 'how many', '20')
    .action(later(async () => (await import('./commands/audit-read.ts')).auditTail))
  withLog(audit.command('show'))
    .description('one entry in full')
    .argument('<entry>', 'its number')
    .option('--values', 'with what is kept beside it, from the running node')
    .action(later(async () => (await import('./commands/audit-read.ts')).auditShow))
  withLog(audit.command('search'))
    .description('entries that fit; all that is said must hold')
    .argument('[words...]', 'words that stand in the entry')
    .addOption(new Option('--kind <kind>', 'kind of entry').choices(ENTRY_KINDS))
    .addOption(
      new Option(
        '--direction <direction>',
        'calls that came to this node, or that its hosts made to others',
      ).choices(['in', 'out']),
    )
    .option('--caller <did>', 'who asked this node')
    .option('--server <name>', 'server that was asked for')
    .option('--tool <name>', 'tool that was asked for')
    .option('--call <id>', 'one call: its decision and its result, or its request and its response')
    .option('--rule <id>', 'rule that decided')
    .option('--code <code>', 'code of a refusal, a failure or an alert')
    .option('--allowed', 'decisions that let a call go on, and requests that were sent')
    .option('--refused', 'decisions that did not, and requests that were not')
    .option('--since <time>', 'from this time on, in UTC')
    .option('--until <time>', 'before this time, in UTC')
    .option('--limit <number>', 'the newest so many', '100')
    .action(later(async () => (await import('./commands/audit-read.ts')).auditSearch))
}

function addProving(audit: Command): void {
  withSources(audit.command('verify'))
    .description(
      'whether a log is what its node signed, and what others have seen; works on a copy',
    )
    .argument('[directory]', 'the files of the log (default: audit/ of the data directory)')
    .option('--checkpoint <file...>', 'checkpoints of this log that others have kept')
    .option('--copy <directory...>', 'other copies of the same log to compare with')
    .option('--disclosed <file...>', 'values of its entries that somebody has laid open')
    .option('--every-signature', 'verify the signatures of every checkpoint')
    .action(later(async () => (await import('./commands/audit-verify.ts')).auditVerify))
  withSources(withLog(audit.command('prove')))
    .description('show that one entry stands in the log, to somebody who is offline')
    .argument('<entry>', 'its number')
    .option('--bundle <directory>', 'write it there, with keys and a verifier that needs no Warren')
    .action(later(async () => (await import('./commands/audit-prove.ts')).auditProve))
}

function addDisclosing(audit: Command): void {
  audit
    .command('disclose')
    .description('lay one value of an entry open, to somebody who has the log')
    .argument('<entry>', 'its number')
    .argument('[field]', 'JSON Pointer of the value, or "forwarded" (default: all of it)')
    .requiredOption('--out <file>', 'a new file, which holds the value and what proves it')
    .option('--value <file>', 'the value as JSON, where nothing is kept of it but a digest')
    .action(later(async () => (await import('./commands/audit-disclose.ts')).auditDisclose))
}

function addHandingOut(audit: Command): void {
  withRange(withLog(audit.command('export')))
    .description('entries in a form that other programs read, one a line')
    .addOption(new Option('--format <format>', 'form').choices(FORMATS).default('jsonl'))
    .option('--out <file>', 'a new file (default: stdout)')
    .action(later(async () => (await import('./commands/audit-export.ts')).auditExport))
  withRange(withSources(withLog(audit.command('report'))))
    .description('one page of HTML for an auditor')
    .requiredOption('--out <file>', 'a new file')
    .option('--event <entry...>', 'numbers of entries to prove in it')
    .action(later(async () => (await import('./commands/audit-export.ts')).auditReport))
}

function withLog(command: Command): Command {
  return command.option('--log <directory>', 'another log than that of the data directory')
}

function withSources(command: Command): Command {
  return command
    .option('--did-log <file>', 'key log of the node (default: the copy beside the log)')
    .option('--charter <file>', 'charter of the mesh (default: the copy beside the log)')
    .option('--cosigner <file...>', 'key logs of cosigners (default: the copies beside the log)')
}

function withRange(command: Command): Command {
  return command
    .option('--from <when>', 'from this entry, or this time in UTC, on')
    .option('--to <when>', 'before this entry, or this time in UTC')
}
