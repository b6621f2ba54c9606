import type { JsonValue } from '@warren/core'
import { type CaseOutcome, type PolicyTestReport, testPolicies } from '@warren/node/policy'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { directoryOf } from './policy-set.ts'

interface TestOptions extends CommonOptions {
  readonly policies?: string
  readonly strict?: boolean
  readonly mutate?: boolean
}

/** `warren policy test`: whether a policy set decides its cases as they expect. */
export async function testCases(
  files: readonly string[],
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<TestOptions>()
  const { directory, output } = contextOf(options)
  const policies = directoryOf(options.policies, directory)
  const report = await testPolicies({ policies, files, mutate: options.mutate === true })
  const failed = report.outcomes.filter(({ passed }) => !passed)
  const survivors = report.mutation?.survivors ?? []
  const isLoose = report.uncovered.length > 0 || survivors.length > 0
  const ok = failed.length === 0 && !(options.strict === true && isLoose)
  output.result(jsonOf(report, ok), wordsOf(report))
  if (!ok) process.exitCode = EXIT.failed
}

function wordsOf({ outcomes, uncovered, mutation }: PolicyTestReport): readonly string[] {
  const failed = outcomes.filter(({ passed }) => !passed)
  return [
    ...failed.flatMap(failureWords),
    `${outcomes.length - failed.length} of ${outcomes.length} cases pass.`,
    ...uncovered.map(
      ({ id: rule, file, lacks }) =>
        `note: ${rule} (${file}) has no ${lacks.join(' and no ')} case`,
    ),
    ...(mutation?.survivors ?? []).map(
      ({ rule, change }) => `note: no case notices when ${rule} is ${change}`,
    ),
    ...(mutation?.untried ?? []).map(
      ({ rule, change, why }) => `note: ${rule} could not be ${change}: ${why}`,
    ),
    ...(mutation === undefined
      ? []
      : [
          `${mutation.noticed} of ${mutation.noticed + mutation.survivors.length} changes are noticed.`,
        ]),
  ]
}

/** What was expected, and what came. */
function failureWords({ asked, ...said }: CaseOutcome): readonly string[] {
  const { file, line, name, expect, rule, code } = asked
  return [
    `FAILED ${file}:${line} ${name}`,
    `  expected  ${[expect, rule && `by ${rule}`, code].filter(Boolean).join(' ')}`,
    `  got       ${gotWords(said)}`,
  ]
}

function gotWords({ verdict, rules, code }: Omit<CaseOutcome, 'asked'>): string {
  const by = rules.length === 0 ? undefined : `by ${rules.join(', ')}`
  return [verdict, by, code].filter(Boolean).join(' ')
}

function jsonOf({ outcomes, uncovered, mutation }: PolicyTestReport, ok: boolean): JsonValue {
  return {
    ok,
    cases: outcomes.map(({ asked, verdict, code, rules, passed }) => ({
      file: asked.file,
      line: asked.line,
      name: asked.name,
      passed,
      expected: asked.expect,
      got: verdict,
      code: code ?? null,
      rules: [...rules],
    })),
    uncovered: uncovered.map(({ id: rule, file, lacks }) => ({ rule, file, lacks: [...lacks] })),
    mutation:
      mutation === undefined
        ? null
        : {
            noticed: mutation.noticed,
            survivors: mutation.survivors.map(({ rule, change }) => ({ rule, change })),
            untried: mutation.untried.map(({ rule, change, why }) => ({ rule, change, why })),
          },
  }
}
