import {
  type AuditFinding,
  type AuditVerdict,
  type DisclosedValue,
  isClean,
  verifyAudit,
  verifyDisclosed,
} from '@warren/node/audit'
import type { JsonObject } from '@warren/core'
import type { Command } from 'commander'
import { givenSources, logDirectory, type SourceOptions } from '../audit-options.ts'
import { contextOf } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import type { Output } from '../output.ts'

const PROGRESS_STEP = 0.1

interface VerifyOptions extends SourceOptions {
  readonly checkpoint?: readonly string[]
  readonly copy?: readonly string[]
  readonly everySignature?: boolean
  readonly disclosed?: readonly string[]
}

/** `warren audit verify`: whether a log is what its node signed, and what others have seen of it. */
export async function auditVerify(
  directory: string | undefined,
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<VerifyOptions>()
  const context = contextOf(options)
  const { checkpoint, copy, everySignature = false } = options
  const log = { directory: logDirectory(context, directory), ...givenSources(options) }
  const disclosed: DisclosedValue[] = []
  for (const file of options.disclosed ?? []) {
    disclosed.push(await verifyDisclosed({ ...log, file, nowMs: Date.now() }))
  }
  const verdict = await verifyAudit({
    ...log,
    ...(checkpoint === undefined ? {} : { checkpoints: checkpoint }),
    ...(copy === undefined ? {} : { copies: copy }),
    everySignature,
    nowMs: Date.now(),
    onProgress: progressTo(context.output),
  })
  context.output.result({ ...jsonOf(verdict), disclosed: disclosed.map(disclosedOf) }, [
    ...linesOf(verdict),
    ...disclosed.flatMap(disclosedLines),
  ])
  if (!isClean(verdict)) process.exitCode = EXIT.failed
}

/** Says how far it is whenever a tenth more is done. */
function progressTo(output: Output): (done: number) => void {
  let next = PROGRESS_STEP
  return (done) => {
    if (done < next || done >= 1) return
    output.progress(`read ${Math.floor(done * 100)} %`)
    next = (Math.floor(done / PROGRESS_STEP) + 1) * PROGRESS_STEP
  }
}

function jsonOf(verdict: AuditVerdict): JsonObject {
  const { sources, verification, findings, cosigned, notChecked } = verdict
  const { size, root, entries, checkpoints, signatures, matched } = verification
  return {
    clean: isClean(verdict),
    node: sources.log.did,
    mesh: sources.charter?.meshId ?? null,
    copied: [...sources.copied],
    size: size ?? null,
    root: root === undefined ? null : Buffer.from(root).toString('base64'),
    entries,
    checkpoints,
    signatures,
    matched,
    cosigned:
      cosigned === undefined
        ? null
        : {
            size: cosigned.checkpoint.size,
            by: cosigned.cosignatures.map(({ name, timeSeconds }) => ({
              name,
              at: timeOf(timeSeconds),
            })),
          },
    findings: findings.map(findingOf),
    more: verification.more,
    notChecked: [...notChecked],
  }
}

function disclosedOf({ entry, path, text, cosigners }: DisclosedValue): JsonObject {
  return { seq: entry.seq, kind: entry.kind, path, text, cosigners: [...cosigners] }
}

function disclosedLines({ entry, path, text, cosigners }: DisclosedValue): readonly string[] {
  const what = path === '' ? 'the value' : `"${path}" of the value`
  const by = cosigners.length === 0 ? 'nobody' : cosigners.join(', ')
  return [
    '',
    `Disclosed: ${what} of entry ${entry.seq} (${entry.kind}) is what the log has a digest of; the entry is proven, and cosigned by ${by}:`,
    text,
  ]
}

function findingOf({ code, severity, place, seq, to, sentence }: AuditFinding): JsonObject {
  return {
    code,
    severity,
    segment: place?.segment ?? null,
    line: place?.line ?? null,
    offset: place?.offset ?? null,
    seq: seq ?? null,
    to: to ?? null,
    sentence,
  }
}

function linesOf(verdict: AuditVerdict): readonly string[] {
  const { sources, verification, findings, cosigned, notChecked } = verdict
  const { size, entries, checkpoints, signatures, more } = verification
  const by = cosigned?.cosignatures.map(({ name }) => name).join(', ')
  return [
    `node        ${sources.log.did}`,
    `entries     ${entries} of ${size ?? 'an unknown number'}`,
    `checkpoints ${checkpoints}, of which the signatures of ${signatures} were verified`,
    `cosigned    ${cosigned === undefined ? 'by nobody' : `${cosigned.checkpoint.size} entries by ${by}`}`,
    '',
    ...findings.map(findingLine),
    ...(more > 0 ? [`and ${more} more findings`] : []),
    isClean(verdict)
      ? 'The log is what the node signed.'
      : 'The log is NOT what the node signed, or is not whole.',
    '',
    'Not checked:',
    ...notChecked.map((sentence) => `- ${sentence}`),
  ]
}

function findingLine({ severity, code, place, sentence }: AuditFinding): string {
  const where = place === undefined ? '' : ` (${place.segment}, line ${place.line})`
  return `${severity}: ${code}${where}: ${sentence}`
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
