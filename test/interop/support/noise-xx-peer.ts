import type { MessageStream } from '@libp2p/interface'
import { nodeSuite } from '@warren/crypto'
import { NoiseHandshake, type Role, signStaticKey, XX } from '@warren/handshake'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import {
  decodeIdentityKey,
  encodeIdentityKey,
} from '../../../packages/handshake/src/identity-key.ts'
import { readFields } from '../../../packages/handshake/src/protobuf-reader.ts'
import { writeField } from '../../../packages/handshake/src/protobuf-writer.ts'
import { handshakeMessages } from '../../../packages/network/src/handshake-messages.ts'
import { SecuredStream } from '../../../packages/network/src/secured-stream.ts'

const IDENTITY_KEY = 1
const IDENTITY_SIG = 2

/** Changes a message on its way, by its label. */
export type Tamper = (label: 'A' | 'B' | 'C', message: Uint8Array) => Uint8Array

export interface XxSecured {
  readonly stream: SecuredStream
  readonly localEd25519Key: Uint8Array
  /** The Ed25519 key that the peer has proved to own the static key with. */
  readonly remoteEd25519Key: Uint8Array
}

/**
 * Our own Noise state machine, framing and channel, speaking plain libp2p noise.
 *
 * It sends one empty transport message before anything else: the other side must count it.
 */
export async function secureXx(
  connection: MessageStream,
  role: Role,
  { signal, tamper = (_, message) => message }: { signal: AbortSignal; tamper?: Tamper },
): Promise<XxSecured> {
  const staticKey = nodeSuite.x25519.generate()
  const identity = nodeSuite.ed25519.signer()
  const noise = new NoiseHandshake({
    suite: nodeSuite,
    pattern: XX,
    role,
    prologue: new Uint8Array(0),
    staticKey,
  })
  const payload = concat([
    writeField(IDENTITY_KEY, encodeIdentityKey(identity.publicKey)),
    writeField(IDENTITY_SIG, signStaticKey(identity, staticKey.publicKey)),
  ])
  const messages = handshakeMessages(connection, signal)
  let received: Uint8Array = new Uint8Array(0)
  try {
    for (let next = noise.message; next !== undefined; next = noise.message) {
      const { label, sender } = next
      if (sender === role) {
        await messages.write(
          tamper(label, noise.write(label === 'A' ? new Uint8Array(0) : payload)),
        )
      } else {
        received = noise.read(tamper(label, await messages.read()))
      }
    }
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error('not an error'))
    throw error
  }
  messages.unwrap()
  const { send, receive, remoteStaticKey } = noise.result()
  const empty = send.seal(new Uint8Array(0), 2)
  empty[1] = empty.length - 2
  connection.send(empty)
  return {
    stream: new SecuredStream({ inner: connection, send, receive }),
    localEd25519Key: identity.publicKey,
    remoteEd25519Key: verifiedKey(received, remoteStaticKey),
  }
}

function verifiedKey(payload: Uint8Array, remoteStaticKey: Uint8Array): Uint8Array {
  const fields = new Map([...readFields(payload, 'B.payload')].map((f) => [f.number, f.value]))
  const publicKey = decodeIdentityKey(
    fields.get(IDENTITY_KEY) ?? new Uint8Array(0),
    'B.identity_key',
  )
  const isValid = nodeSuite.ed25519.verify({
    publicKey,
    message: concat([fromString('noise-libp2p-static-key:', 'utf8'), remoteStaticKey]),
    signature: fields.get(IDENTITY_SIG) ?? new Uint8Array(0),
  })
  if (!isValid) throw new Error('the identity signature of the peer does not verify')
  return publicKey
}
