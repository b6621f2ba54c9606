import { Argument, type Command } from 'commander'
import { later } from './later.ts'

/** The commands on policies and what they leave to a person. */
export function addPolicy(program: Command): void {
  const policy = program.command('policy').description('what the rules of this node allow')
  policy
    .command('explain')
    .description('what the running node would decide of a call to a server of its own, and why')
    .requiredOption('--caller <did>', 'who would call')
    .requiredOption('--server <name>', 'name of the server in the configuration of this node')
    .requiredOption('--tool <name>', 'name of the tool')
    .option('--args <json>', 'arguments as a JSON object, "-" for standard input', '{}')
    .action(later(async () => (await import('./commands/policy-explain.ts')).explain))
  policy
    .command('check')
    .description(
      'read a policy set as the node would, signatures and cases included: needs no node',
    )
    .option('--policies <directory>', 'another directory of policies')
    .action(later(async () => (await import('./commands/policy.ts')).check))
  policy
    .command('test')
    .description('run the cases of a policy set by the engine of the node: needs no node')
    .argument(
      '[file...]',
      'files of cases, as paths from here (default: all *.cases.yaml beside the rules)',
    )
    .option('--policies <directory>', 'another directory of policies')
    .option(
      '--strict',
      'fail where a rule lacks a case for it or against it, or a change is not noticed',
    )
    .option('--mutate', 'drop and negate each rule, and name the changes that no case notices')
    .action(later(async () => (await import('./commands/policy-test.ts')).testCases))
  policy
    .command('pin')
    .description('pin the tools of a server as it lists them now, by the running node')
    .argument('<server>', 'name of the server in the configuration of this node')
    .option('--yes', 'do not ask before what is pinned is replaced')
    .action(later(async () => (await import('./commands/policy-pin.ts')).pin))
  policy
    .command('dry-run')
    .description(
      'which recorded calls another policy set would have decided otherwise; changes nothing',
    )
    .argument('<directory>', 'the other directory of policies')
    .option('--limit <number>', 'the newest so many decisions of the audit log', '1000')
    .action(later(async () => (await import('./commands/policy-dry-run.ts')).dryRunPolicies))
  addTemplates(policy)
  addSets(policy)
  addApproval(program)
}

function addTemplates(policy: Command): void {
  policy
    .command('new')
    .description('write a policy by a template, with comments')
    .addArgument(
      new Argument('<template>', 'what it allows').choices([
        'read-only-files',
        'read-only-sql',
        'one-agent-one-tool',
      ]),
    )
    .requiredOption('--server <name>', 'name of the server in the configuration of this node')
    .requiredOption('--tool <name...>', 'tools of the server')
    .option('--role <name>', 'role of those who may', 'member')
    .option('--agent <did>', 'one-agent-one-tool: the one who may')
    .option('--below <directory...>', 'read-only-files: where the files lie', [])
    .option('--table <name...>', 'read-only-sql: tables that may be read, in Postgres', [])
    .option('--limit <rows>', 'read-only-sql: rows of one SELECT', '100')
    .option('--policies <directory>', 'another directory of policies')
    .action(later(async () => (await import('./commands/policy-new.ts')).newPolicy))
}

function addSets(policy: Command): void {
  policy
    .command('manifest')
    .description('write the manifest of a policy set, to be signed')
    .requiredOption('--name <name>', 'name of the set, as policy.set of the nodes has it')
    .option('--number <version>', 'its version (default: one more than the manifest that is there)')
    .option('--valid-for <duration>', 'how long it may be put in force: 24h, 90d', '90d')
    .option('--mesh <id>', 'the mesh (default: that of the running node)')
    .option('--policies <directory>', 'another directory of policies')
    .action(later(async () => (await import('./commands/policy-set.ts')).manifestSet))
  policy
    .command('sign')
    .description('read what a policy set is and sign its manifest')
    .argument('<manifest>', 'manifest.json, beside the files that it names')
    .requiredOption('--keys <file...>', 'key files to sign with, their *.pub.json beside them')
    .option('--passphrase-file <path...>', 'files that hold their passphrases, in this order', [])
    .option('--yes', 'do not ask: it has been read')
    .action(later(async () => (await import('./commands/policy-set.ts')).signSet))
}

function addApproval(program: Command): void {
  program
    .command('approve')
    .description('calls that wait for a person: list them, let one go on, or refuse it')
    .argument('[id]', 'the call, by the first digits of its id (default: list all)')
    .option('--yes', 'do not ask, it has been read')
    .option('--hash <hash>', 'approve only the call of this hash')
    .option('--times <n>', 'also for the next calls of exactly this, so many together')
    .option('--for <duration>', 'also for the next calls of exactly this, for so long: 15m, 24h')
    .option('--refuse', 'refuse it, or take back what was approved for more calls')
    .option('--reason <text>', 'with --refuse: what the caller is told')
    .option('--watch', 'follow what waits until interrupted')
    .action(later(async () => (await import('./commands/approve.ts')).approve))
  program
    .command('limits')
    .description('the limits on callers that are in force, and whom this node keeps out')
    .option('--lift <who>', 'let a caller in again: its name or DID')
    .action(later(async () => (await import('./commands/limits.ts')).limits))
}
