import { ed25519 } from '@noble/curves/ed25519.js'
import type { JsonObject } from '@warren/core'
import * as didwebvh from 'didwebvh-ts'
import { base58btc } from 'multiformats/bases/base58'

/**
 * didwebvh-ts with the types that its tests here need: its own do not resolve under the module rules of Node.
 */
export const createDid: (options: TheirOptions) => Promise<TheirResult> = didwebvh.createDID
export const updateDid: (
  options: Omit<TheirOptions, 'domain'> & { readonly log: TheirLog },
) => Promise<TheirResult> = didwebvh.updateDID
export const deriveNextKeyHash: (multikey: string) => Promise<string> = didwebvh.deriveNextKeyHash
export const prepareDataForSigning: (document: object, proof: object) => Promise<Uint8Array> =
  didwebvh.prepareDataForSigning
export const resolveDidFromLog: (
  log: TheirLog,
  options: { readonly verifier: TheirKey; readonly witnessProofs: readonly [] },
) => Promise<TheirResult> = didwebvh.resolveDIDFromLog

export type TheirLog = readonly JsonObject[]

export interface TheirResult {
  readonly did: string
  /** Null when the DID is given up. */
  readonly doc: JsonObject | null
  readonly meta: JsonObject
  readonly log: TheirLog
}

export interface TheirOptions {
  readonly domain: string
  readonly paths?: readonly string[]
  readonly signer: TheirKey
  readonly verifier: TheirKey
  readonly updateKeys: readonly string[]
  readonly nextKeyHashes: readonly string[]
  readonly didDocument?: JsonObject
  readonly portable?: boolean
  readonly created?: string
  readonly witness?: object
}

/** An Ed25519 key for didwebvh-ts, made and used with @noble/curves alone. */
export class TheirKey {
  readonly seed: Uint8Array
  readonly multikey: string

  constructor(byte: number) {
    this.seed = new Uint8Array(32).fill(byte)
    const publicKey = ed25519.getPublicKey(this.seed)
    this.multikey = base58btc.encode(Uint8Array.from([0xed, 0x01, ...publicKey]))
  }

  getVerificationMethodId(): string {
    return `did:key:${this.multikey}#${this.multikey}`
  }

  async sign(input: {
    readonly document: object
    readonly proof: object
  }): Promise<{ readonly proofValue: string }> {
    const message = await prepareDataForSigning(input.document, input.proof)
    return { proofValue: base58btc.encode(ed25519.sign(message, this.seed)) }
  }

  async verify(
    ...[signature, message, publicKey]: readonly [Uint8Array, Uint8Array, Uint8Array]
  ): Promise<boolean> {
    return ed25519.verify(signature, message, publicKey, { zip215: false })
  }
}
