import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Identity, peerIdOf, verifyLog } from '@warren/identity'
import {
  createJoinRequest,
  type Invitation,
  joinRefusal,
  MembershipError,
  parseInvitation,
  verifyJoinResponse,
} from '@warren/membership'
import { type Channel, createNetwork, type Network, NetworkError } from '@warren/network'
import { ensurePrivateDirectory } from '@warren/storage'
import { refuseOccupied } from './data-directory.ts'
import { checkName } from './label.ts'
import { NodeError } from './node-error.ts'
import { checkSettings, type NodeSettings, writeNodeFiles } from './node-files.ts'
import { systemClock } from './system-clock.ts'

export interface JoinMeshInit extends NodeSettings {
  readonly directory: string
  readonly invitation: string
  readonly passphrase: Uint8Array
  readonly signal: AbortSignal
  /** Is told of each address that is tried. */
  readonly progress: (line: string) => void
}

/** What a new member knows of itself. */
export interface NewMember {
  readonly meshId: string
  readonly did: string
  readonly peerId: string
  readonly enclave: string
  readonly roles: readonly string[]
}

/**
 * Becomes a member: makes keys that never leave this machine, shows the invitation to the node that
 * gave it, and keeps the membership that comes back. Nothing is written unless all of it succeeds.
 *
 * @throws MembershipError with the reason of a refusal, NodeError `join-failed`, `already-initialised`, `init-unfinished`,
 * `name-malformed`
 */
export async function joinMesh(init: JoinMeshInit): Promise<NewMember> {
  const { directory, signal } = init
  refuseOccupied(directory)
  checkName(init.name)
  checkSettings(directory, init)
  const invitation = parseInvitation(init.invitation)
  await ensurePrivateDirectory(directory)
  const identity = createIdentity({ suite, nowMs: systemClock.wallMs() })
  const network = strangerNetwork(identity, invitation.meshId)
  try {
    await network.start()
    const { response, channel } = await ask({ init, invitation, identity, network })
    signal.throwIfAborted()
    const nowMs = systemClock.wallMs()
    const self = verifyLog({ suite, text: identity.log.text, nowMs })
    const { charter, membership, inviterLog, records } = verifyJoinResponse({
      suite,
      invitation,
      self,
      bytes: response,
      channel,
      nowMs,
    })
    await writeNodeFiles({
      directory,
      settings: init,
      passphrase: init.passphrase,
      identity,
      charter: charter.text,
      membership: membership.text,
      records,
      inviter: {
        did: inviterLog.did,
        log: inviterLog.text,
        addresses: invitation.addresses,
        seenMs: nowMs,
      },
    })
    const { enclave, roles } = membership
    const peerId = peerIdOf(identity.nodeSigner.publicKey)
    return { meshId: charter.meshId, did: identity.did, peerId, enclave, roles }
  } finally {
    await network.stop()
    invitation.secret.fill(0)
    identity.wipe()
  }
}

interface Asking {
  readonly init: JoinMeshInit
  readonly invitation: Invitation
  readonly identity: Identity
  readonly network: Network
}

/** Tries the addresses of the invitation in turn; a refusal ends it, an unreachable address does not. */
async function ask({
  init,
  invitation,
  identity,
  network,
}: Asking): Promise<{ response: Uint8Array; channel: Channel }> {
  const unreachable: string[] = []
  for (const address of invitation.addresses) {
    init.progress(`asking ${address}`)
    let channel: Channel | undefined
    try {
      const request = (opened: Channel): Uint8Array => {
        channel = opened
        const nowMs = systemClock.wallMs()
        return createJoinRequest({
          suite,
          invitation,
          identity,
          name: init.name,
          channel: opened,
          nowMs,
        })
      }
      const response = await network.join(address, request, init.signal)
      if (channel !== undefined) return { response, channel }
    } catch (error) {
      if (error instanceof MembershipError) throw error
      if (error instanceof NetworkError && error.peerCode !== undefined)
        throw joinRefusal(error.peerCode)
      unreachable.push(`${address} (${error instanceof Error ? error.message : 'failed'})`)
    }
  }
  throw new NodeError(
    'join-failed',
    `no address of the invitation answered: ${unreachable.join('; ')}. Is the inviting node up, and on the same network?`,
  )
}

/** A network that listens nowhere and can do no more than ask to join. */
function strangerNetwork(identity: Identity, meshId: string): Network {
  return createNetwork({
    suite,
    clock: systemClock,
    privateIdentity: { ed25519: identity.nodeSigner, mlDsa44: identity.mlDsaSigner },
    meshId,
    listen: [],
    staticPeers: [],
    discovery: { enabled: false },
    admission: {
      hello: () => {
        throw new NodeError('not-a-member-yet', 'this machine is still joining')
      },
      judge: () =>
        Promise.resolve({
          admitted: false,
          code: 'not-a-member-yet',
          sentence: 'this machine is still joining',
        }),
    },
    logger: { log: () => undefined },
  })
}
