import {
  gossipsub,
  type GossipSub,
  type GossipSubComponents,
  type Message,
  TopicValidatorResult,
} from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import { BoundedMap } from '@warren/core'
import { gossipName } from './gossip-name.ts'
import { meshPrefix } from './mesh-prefix.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { NetworkLogger } from './network-logger.ts'

const PEERS_COUNTED_MAX = 1_024
/** What stands around the messages of one RPC. */
const RPC_OVERHEAD_BYTES = 4_096
/** For each kind of thing that one RPC may carry; an honest peer of one topic sends a handful. */
const RPC_ITEMS_MAX = 128

/** What this node says of a message that came by gossip: pass it on, drop it, or hold it against who passed it on. */
export type GossipVerdict = 'accept' | 'ignore' | 'reject'

/** Judges a message before it is passed on. */
export type GossipJudge = (bytes: Uint8Array) => Promise<GossipVerdict>

const RESULTS: Readonly<Record<GossipVerdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

/** The topic of one mesh. */
export function gossipTopic(meshId: string): string {
  return `${meshPrefix(meshId)}/gossip/1`
}

/**
 * Gossip between admitted peers, on one topic.
 *
 * libp2p's scores are switched off where they would do harm: members behind one address would
 * shut each other out, and a quiet topic would cost its peers their standing.
 */
export function privateGossip(
  meshId: string,
  limits: NetworkLimits,
): (components: GossipSubComponents) => GossipSub {
  return gossipsub({
    globalSignaturePolicy: 'StrictSign',
    allowedTopics: [gossipTopic(meshId)],
    fallbackToFloodsub: false,
    floodPublish: true,
    doPX: false,
    emitSelf: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    fastMsgIdFn: gossipName,
    maxInboundDataLength: limits.gossipBytesMax + RPC_OVERHEAD_BYTES,
    maxOutboundBufferSize: limits.gossipBufferBytesMax,
    decodeRpcLimits: {
      maxSubscriptions: RPC_ITEMS_MAX,
      maxMessages: RPC_ITEMS_MAX,
      maxIhaveMessageIDs: RPC_ITEMS_MAX,
      maxIwantMessageIDs: RPC_ITEMS_MAX,
      maxIdontwantMessageIDs: RPC_ITEMS_MAX,
      maxControlMessages: RPC_ITEMS_MAX,
      maxPeerInfos: 0,
    },
    scoreParams: { IPColocationFactorWeight: 0, behaviourPenaltyWeight: 0 },
  })
}

export interface GossipDeskComponents {
  readonly meshId: string
  readonly limits: NetworkLimits
  readonly logger: NetworkLogger
  /** Ends the connection to a peer. */
  cut(peerId: string, reason: NetworkError): void
}

/** What this node says by gossip, and whose word it passes on: nobody's without a judge. */
export class GossipDesk {
  readonly #components: GossipDeskComponents
  readonly #rejections = new BoundedMap<string, number>(PEERS_COUNTED_MAX)
  #judge: GossipJudge | undefined

  constructor(components: GossipDeskComponents) {
    this.#components = components
  }

  setJudge(judge: GossipJudge): void {
    this.#judge = judge
  }

  open(pubsub: GossipSub): void {
    const topic = gossipTopic(this.#components.meshId)
    pubsub.topicValidators.set(topic, async (peer, message) => this.#validate(peer, message))
    pubsub.subscribe(topic)
  }

  /** Resolves with the number of peers to which the message went directly. */
  async publish(pubsub: GossipSub, bytes: Uint8Array): Promise<number> {
    const { meshId, limits } = this.#components
    if (bytes.length > limits.gossipBytesMax) {
      const rule = `a message has at most ${limits.gossipBytesMax} bytes`
      throw new NetworkError('message-too-long', rule)
    }
    const { recipients } = await pubsub.publish(gossipTopic(meshId), bytes)
    return recipients.length
  }

  async #validate(peer: PeerId, message: Message): Promise<TopicValidatorResult> {
    const verdict = await this.#verdictOn(message)
    if (verdict === 'reject') this.#countRejection(peer.toString())
    return RESULTS[verdict]
  }

  async #verdictOn({ data }: Message): Promise<GossipVerdict> {
    if (this.#judge === undefined) return 'ignore'
    if (data.length > this.#components.limits.gossipBytesMax) return 'reject'
    try {
      return await this.#judge(data)
    } catch (error) {
      // The judge's own fault is not the peer's; what it could not judge goes no further.
      this.#components.logger.log('error', 'gossip-judge-failed', { message: String(error) })
      return 'ignore'
    }
  }

  /** libp2p lowers a score and stays connected. */
  #countRejection(peerId: string): void {
    const count = (this.#rejections.get(peerId) ?? 0) + 1
    this.#rejections.set(peerId, count)
    if (count < this.#components.limits.gossipRejectionsMax) return
    this.#rejections.delete(peerId)
    const reason = new NetworkError('gossip-rejected', 'the peer passes on what no member may say')
    this.#components.cut(peerId, reason)
  }
}
