/** Bounds and pace of the exchange of records. Times in milliseconds. */
export interface SyncLimits {
  /** Bytes of one message between neighbours. */
  readonly messageBytesMax: number
  /** Connections at one time; the network keeps fewer. */
  readonly linksMax: number
  /** Neighbours that get the whole of a new record at once; the rest learn of it a moment later. */
  readonly relayMax: number
  /** New records that are pushed; when more come at once neighbours fetch what they lack. */
  readonly pushedMax: number
  /** How long the names of new records are gathered before the rest of the neighbours hear of them. */
  readonly announceMs: number
  /** Pause between two comparisons of heads with a neighbour chosen at random. */
  readonly headsMs: number
  /** A neighbour that owes an answer for so long is cut. */
  readonly answerMs: number
  /** Questions that are open to one neighbour at a time. */
  readonly asksMax: number
  /** Records that are asked for, or announced, in one message. */
  readonly idsMax: number
  /** Characters of the records in one answer: half of what the network lets wait for one neighbour. */
  readonly answerLengthMax: number
  /** Ids below a prefix that are named instead of summed up. */
  readonly namedMax: number
  /** Ids of what came in one comparison and rests on what had not come. */
  readonly openMax: number
  /** Ids of what one neighbour has pushed and rests on what is not known here. */
  readonly openPushedMax: number
  /** From so many missing removals on, proofs that witnesses make unnecessary are left out. */
  readonly bareFrom: number
  /** Texts of which is remembered that they were seen. */
  readonly seenMax: number
  /** Messages with new records of which a copy is told before it is read, and the longest of them. */
  readonly copiesMax: number
  readonly copyBytesMax: number
  /** Ids of which is remembered that a neighbour has them. */
  readonly knownMax: number
  /** Ids of grants for which there was no room, so that they are not asked for at every comparison. */
  readonly leftOutMax: number
  /** Own roots of earlier times: a beacon over one of them is covered. */
  readonly rootsMax: number
  /** How long a connection of a node that has just started waits for witnesses before it is used all the same. */
  readonly bootPatienceMs: number
  /** How far a challenge travels beyond the first neighbour, to how many neighbours that are no witnesses. */
  readonly challengeHops: number
  readonly challengeFanout: number
  /** Challenges of others of which is remembered where they came from: all that 450 neighbours can bring while an answer is waited for. */
  readonly routesMax: number
  /** Challenges of one neighbour that are answered at once, and then one in each pause. */
  readonly challengesMax: number
  readonly challengePauseMs: number
  /** Beacons of one witness that are taken up at once, and then one in each pause; an honest one makes no more. */
  readonly beaconsMax: number
  readonly beaconPauseMs: number
  /** How long a witness lets new records spread before it says anything of them. */
  readonly witnessPauseMs: number
  /** Pause before a write that failed is tried again. */
  readonly retryStoreMs: number
}

export const SYNC_LIMITS: SyncLimits = {
  messageBytesMax: 1_048_576,
  linksMax: 1_024,
  relayMax: 16,
  pushedMax: 16,
  announceMs: 200,
  headsMs: 5_000,
  answerMs: 10_000,
  asksMax: 8,
  idsMax: 512,
  answerLengthMax: 2_000_000,
  namedMax: 256,
  openMax: 16_384,
  openPushedMax: 256,
  bareFrom: 64,
  seenMax: 8_192,
  copiesMax: 1_024,
  copyBytesMax: 65_536,
  knownMax: 1_024,
  leftOutMax: 8_192,
  rootsMax: 4_096,
  bootPatienceMs: 2_000,
  challengeHops: 3,
  challengeFanout: 3,
  routesMax: 8_192,
  challengesMax: 8,
  challengePauseMs: 1_000,
  beaconsMax: 8,
  beaconPauseMs: 1_000,
  witnessPauseMs: 1_000,
  retryStoreMs: 2_000,
}
