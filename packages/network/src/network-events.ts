import type { JsonObject } from '@warren/core'
import type { NetworkLogger } from './network-logger.ts'

/** How this node came to know of a peer. */
export type DiscoveredBy = 'lan' | 'static' | 'walk' | 'dial' | 'inbound'

/** An admitted peer with a connection that this side has settled. */
export interface Peer {
  readonly did: string
  readonly peerId: string
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  readonly suite: string
  /** Wall-clock time. */
  readonly admittedAtMs: number
  readonly discoveredBy: DiscoveredBy
}

export interface NetworkEvents {
  /** Somebody on the LAN says it is there. Unauthenticated. */
  readonly discovered: { readonly peerId: string; readonly addresses: readonly string[] }
  /** Both sides have admitted each other, and this side has settled the connection. */
  readonly admitted: Peer
  /** One side does not admit the other. The code is stable; the peer's is the peer's word. */
  readonly refused: {
    readonly peerId: string
    readonly address: string
    readonly direction: 'inbound' | 'outbound'
    readonly by: 'us' | 'peer'
    readonly code: string
    readonly sentence: string
  }
  /** An admitted peer has no connection any more; its member may have others, under other keys. */
  readonly lost: { readonly did: string; readonly peerId: string; readonly code: string }
  /** A member has no admitted connection any more, of any of its peers, nor one that serves its last calls. */
  readonly departed: { readonly did: string; readonly code: string }
}

export type NetworkListener<K extends keyof NetworkEvents> = (detail: NetworkEvents[K]) => void

type ListenerSets = { readonly [K in keyof NetworkEvents]: Set<NetworkListener<K>> }

/** Tells listeners what happens. A listener that throws is logged and does not stop the others. */
export class NetworkEventHub {
  readonly #logger: NetworkLogger
  readonly #listeners: ListenerSets = {
    discovered: new Set(),
    admitted: new Set(),
    refused: new Set(),
    lost: new Set(),
    departed: new Set(),
  }

  constructor(logger: NetworkLogger) {
    this.#logger = logger
  }

  /** Returns what takes the listener off again. */
  on<K extends keyof NetworkEvents>(event: K, listener: NetworkListener<K>): () => void {
    const listeners: Set<NetworkListener<K>> = this.#listeners[event]
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  emit<K extends keyof NetworkEvents>(event: K, detail: NetworkEvents[K]): void {
    const listeners: Set<NetworkListener<K>> = this.#listeners[event]
    for (const listener of listeners) {
      try {
        listener(detail)
      } catch (error) {
        const fields: JsonObject = { event, message: String(error) }
        this.#logger.log('error', 'network-listener-failed', fields)
      }
    }
  }
}
