import { CONTENT_ID_RULE } from '../labels.ts'
import type { IntegerRule, RecordReader, TextRule } from '../record-reader.ts'
import { readPlain } from './envelope.ts'
import type { CheckpointRecord } from './mesh-record.ts'
import type { Said } from './said.ts'

export const CHECKPOINT_TYPE = 'WarrenCheckpoint'
/** Ids that one checkpoint adds at most; the rest goes into the next. */
export const CHECKPOINT_IDS_MAX = 2_048
/** 64 hexadecimal digits. */
export const ROOT_RULE: TextRule = { lengthMax: 64, pattern: /^[\da-f]{64}$/ }
/** What is counted in a mesh. */
export const COUNT_RULE: IntegerRule = { min: 0, max: 1_000_000_000 }
const MEMBERS = [
  '@context',
  'type',
  'mesh',
  'witness',
  'created',
  'epoch',
  'size',
  'added',
  'removalRoot',
  'removalCount',
  'adminHead',
] as const

/** Reads what a checkpoint says. */
export function readCheckpoint(record: RecordReader, meshId: string): Said<CheckpointRecord> {
  record.members(MEMBERS, ['prev', 'proof'])
  readPlain(record, CHECKPOINT_TYPE, meshId)
  const epoch = record.integer('epoch', { min: 1, max: COUNT_RULE.max })
  const prev = record.has('prev') ? record.text('prev', CONTENT_ID_RULE) : undefined
  if ((epoch === 1) !== (prev === undefined))
    throw record.fault('the first epoch alone has no "prev"')
  const added = record.texts('added', { ...CONTENT_ID_RULE, countMax: CHECKPOINT_IDS_MAX })
  const size = record.integer('size', COUNT_RULE)
  const isFirst = epoch === 1 && size !== added.length
  if (size < added.length || isFirst) throw record.fault('"size" does not fit "added"')
  return {
    type: 'checkpoint',
    claimedMs: record.timeMs('created'),
    witness: record.did('witness'),
    epoch,
    prev,
    size,
    added,
    removalRoot: record.text('removalRoot', ROOT_RULE),
    removalCount: record.integer('removalCount', COUNT_RULE),
    adminHead: record.text('adminHead', CONTENT_ID_RULE),
  }
}
