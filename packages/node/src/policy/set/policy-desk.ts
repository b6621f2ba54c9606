import type { AlertBody } from '@warren/audit'
import type { Clock, JsonObject } from '@warren/core'
import { createPolicyEngine, FactDeclarations, FactLayer } from '@warren/policy'
import type { Config } from '../../config/load-config.ts'
import { policySetDigest } from '../../audit/policy-digest.ts'
import type { NodeAudit } from '../../audit/node-audit.ts'
import { retirePolicies } from '../../load-policies.ts'
import type { Report } from '../../node-event.ts'
import type { OpenedNode } from '../../open-node.ts'
import { nodeFactPorts } from '../fact-ports.ts'
import { type LoadedPolicies, loadPolicySet } from './load-policy-set.ts'
import { SetMemory, type TextStore } from './set-memory.ts'

/** What the desk of the policies needs from the node. */
export interface PolicyDeskInit {
  readonly meshId: string
  readonly store: TextStore
  readonly clock: Pick<Clock, 'wallMs'>
  readonly report: Report
  /** Writes down what an operator should see. */
  readonly alert: (alert: Omit<AlertBody, 'kind'>) => void
}

/** The desk of a node, on its store and its audit log. */
export function openPolicyDesk({
  opened,
  audit,
  clock,
}: {
  readonly opened: Pick<OpenedNode, 'charter' | 'store'>
  readonly audit: Pick<NodeAudit, 'desk' | 'report'>
  readonly clock: Clock
}): PolicyDesk {
  return new PolicyDesk({
    meshId: opened.charter.meshId,
    store: opened.store.policySets,
    clock,
    report: audit.report,
    alert: (alert) => audit.desk.alert(alert),
  })
}

type PolicyConfig = Pick<Config, 'policies' | 'policy'>

/** Why a set did not come into force. */
interface Trouble {
  readonly code: string
  readonly message: string
}

/**
 * Which policies are in force: loads sets, remembers the newest of each name, and says what became of them.
 *
 * A signed set that cannot be put in force leaves the one before; where there is none, everything is refused.
 */
export class PolicyDesk {
  readonly #init: PolicyDeskInit
  readonly #memory: SetMemory
  #inForce: LoadedPolicies | undefined
  #isRequired = false
  #trouble: Trouble | undefined

  constructor(init: PolicyDeskInit) {
    this.#init = init
    this.#memory = new SetMemory(init.store)
  }

  /**
   * Loads what decides when the node starts. Where sets have to be signed and this one cannot be put in force,
   * everything is refused, and the node says so.
   *
   * @throws as `loadPolicySet` where sets are not signed
   */
  async start(config: PolicyConfig): Promise<LoadedPolicies> {
    this.#isRequired = config.policy !== undefined
    try {
      return await this.activate(await this.load(config))
    } catch (error) {
      if (config.policy === undefined) throw error
      const nothing = refusesAll()
      this.#inForce = nothing
      return nothing
    }
  }

  /**
   * Loads a set without putting it in force; a signed one that cannot be is an alert.
   *
   * @throws as `loadPolicySet`
   */
  async load(config: PolicyConfig): Promise<LoadedPolicies> {
    const { meshId, clock } = this.#init
    try {
      const memory = this.#memory
      return await loadPolicySet({ config, meshId, nowMs: clock.wallMs(), memory })
    } catch (error) {
      if (config.policy !== undefined) this.#refused(error)
      throw error
    }
  }

  /**
   * Takes a set for the one in force: first its version is remembered durably, then the change is written down.
   * Whoever calls lets it decide next.
   *
   * @throws NodeError `policy-set-rolled-back`, `policy-set-memory`, and what `write` throws
   */
  async activate(
    policies: LoadedPolicies,
    write: () => Promise<void> = async () => undefined,
  ): Promise<LoadedPolicies> {
    const { signed } = policies
    try {
      if (signed !== undefined) this.#memory.remember(signed.manifest.name, signed.manifest)
      await write()
    } catch (error) {
      retirePolicies(policies)
      if (signed !== undefined) this.#refused(error)
      throw error
    }
    this.#isRequired = signed !== undefined
    this.#inForce = policies
    this.#trouble = undefined
    return policies
  }

  /** What a person should know of the policies in force. */
  describe(): JsonObject {
    const { digest = '', signed } = this.#inForce ?? {}
    const trouble = this.#trouble === undefined ? null : { ...this.#trouble }
    if (signed === undefined) {
      return { state: this.#isRequired ? 'refuses everything' : 'unsigned', digest, trouble }
    }
    const { name, version, notAfterMs, id } = signed.manifest
    return {
      state: 'signed',
      name,
      version,
      digest,
      manifest: id,
      signers: [...signed.signers],
      notAfter: new Date(notAfterMs).toISOString(),
      trouble,
    }
  }

  /** What somebody should look into. */
  warnings(): readonly string[] {
    const { signed } = this.#inForce ?? {}
    const isOver = signed !== undefined && this.#init.clock.wallMs() >= signed.manifest.notAfterMs
    return [
      ...(this.#isRequired && signed === undefined
        ? ['no valid policy set: every call to servers of this node is refused']
        : []),
      ...(this.#trouble === undefined
        ? []
        : [`a policy set was not put in force: ${this.#trouble.message} [${this.#trouble.code}]`]),
      ...(isOver
        ? ['the policy set in force has expired: it decides until the node stops, and not after']
        : []),
    ]
  }

  #refused(error: unknown): void {
    const code =
      error instanceof Error && 'code' in error ? String(error.code) : 'policy-set-unusable'
    const message = error instanceof Error ? error.message : String(error)
    this.#trouble = { code, message }
    const sentence = `A policy set was not put in force: ${message}`.slice(0, SENTENCE_LENGTH_MAX)
    this.#init.report({ event: 'policy-set-refused', level: 'error', code, message })
    this.#init.alert({ code: 'policy-set-refused', severity: 'error', sentence })
  }
}

const SENTENCE_LENGTH_MAX = 1000

/** No rule at all. */
function refusesAll(): LoadedPolicies {
  return {
    engine: createPolicyEngine({ policies: [] }),
    layer: new FactLayer(FactDeclarations.read({}), nodeFactPorts(new Map())),
    limits: undefined,
    digest: policySetDigest([]),
    files: [],
  }
}
