import { AuditLog, type SecretFinder, type Stamp } from '@warren/audit'
import type { Clock } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { noteIdentity } from '@warren/identity'
import { findSecrets, isSecretName } from '@warren/sentinel'
import { AuditStore } from '@warren/storage'
import type { OpenedNode } from '../open-node.ts'

const BOOT_BYTES = 16
const US_PER_MS = 1000
const secrets: SecretFinder = { findSecrets, isSecretName }

/** What a node knows of mesh time when an entry is written. */
export interface MeshMoment {
  /** Names the newest beacon that counts. */
  readonly beacon?: string
  /** Milliseconds since 1970, where witnesses have told it. */
  readonly meshMs?: number
  /** Whether an island grant carries what is done. */
  readonly island?: boolean
}

export interface OpenAuditInit {
  readonly opened: Pick<OpenedNode, 'paths' | 'log' | 'charter' | 'signer' | 'auditSecret'>
  readonly clock: Clock
  /** What is known of mesh time now; nothing before the parts of the node are there. */
  readonly moment: () => MeshMoment
  /** Size at which a file of the log is closed. */
  readonly segmentBytesMax: number
}

/**
 * Opens the audit log of a node, or begins it, and puts beside it what a verifier needs.
 *
 * @throws StorageError `audit-damaged`, `audit-key-wrong`, `audit-unavailable`; AuditError, TlogError for a log that this node has not signed
 */
export async function openAudit(init: OpenAuditInit): Promise<AuditStore> {
  const { opened, clock, moment, segmentBytesMax } = init
  const { paths, log, charter, signer, auditSecret } = opened
  const own = { suite, node: log.did, signers: signer, secrets }
  const boot = Buffer.from(suite.randomBytes(BOOT_BYTES)).toString('hex')
  const store = await AuditStore.open({
    directory: paths.audit,
    suite,
    secret: auditSecret,
    clock,
    limits: { segmentBytesMax },
    stamp: () => stampOf(boot, clock, moment()),
    openLog: ({ frontier, end }) =>
      end === undefined
        ? AuditLog.empty(own)
        : AuditLog.resume(own, { frontier, ...end, keys: noteIdentity(log).keys }),
  })
  try {
    await store.copies.writeNodeLog(log.text)
    await store.copies.writeCharter(charter.text)
    return store
  } catch (error) {
    await store.stop()
    throw error
  }
}

function stampOf(boot: string, clock: Clock, { beacon, meshMs, island }: MeshMoment): Stamp {
  return {
    boot,
    wallUs: Math.floor(clock.wallMs() * US_PER_MS),
    monoUs: Math.floor(clock.monotonicMs() * US_PER_MS),
    ...(beacon === undefined ? {} : { beacon }),
    ...(meshMs === undefined ? {} : { meshUs: Math.floor(meshMs * US_PER_MS) }),
    ...(island === true ? { island } : {}),
  }
}
