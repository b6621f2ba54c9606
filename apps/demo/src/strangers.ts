import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, verifyLog } from '@warren/identity'
import { adminSigner, createCharter, createHello, issueMembership } from '@warren/membership'
import { createNetwork, NetworkError } from '@warren/network'
import type { Mesh } from './mesh.ts'
import { seen, step, timed } from './stage.ts'
import { askWarren, runWarren } from './warren-process.ts'

const REFUSAL_TIMEOUT_MS = 10_000
const DAY_MS = 86_400_000

/** Shows two strangers at the door; returns how many were refused. */
export async function refuseStrangers(directory: string, mesh: Mesh): Promise<number> {
  step('A stranger uses an invitation a second time')
  const again = await timed(() => {
    const place = join(directory, 'stranger')
    const passphraseFile = join(directory, 'passphrase')
    return runWarren([
      '--dir',
      place,
      'join',
      mesh.usedInvitation,
      '--name',
      'stranger',
      '--passphrase-file',
      passphraseFile,
    ])
  })
  if (again.value.code === 0) throw new Error('a used invitation let somebody in')
  seen(`refused in ${again.ms.toFixed(0)} ms: ${lastLine(again.value.stderr)}`)

  step('A stranger knows the mesh id and shows a membership that it signed itself')
  const forged = await timed(() => knockWithForgedMembership(mesh))
  seen(`refused in ${forged.ms.toFixed(0)} ms at admission: ${forged.value}`)
  return 2
}

/** Completes the handshake as a node that no admin has let in; returns the code it is refused with. */
async function knockWithForgedMembership(mesh: Mesh): Promise<string> {
  const nowMs = Date.now()
  const [own, forger] = [createIdentity({ suite, nowMs }), createIdentity({ suite, nowMs })]
  const log = verifyLog({ suite, text: own.log.text, nowMs })
  const charter = createCharter({
    suite,
    name: 'forged',
    admins: [adminSigner(forger)],
    k: 1,
    nowMs,
  })
  const forged = issueMembership({
    suite,
    charter,
    admins: [adminSigner(forger)],
    member: log,
    enclave: 'main',
    roles: ['member'],
    notBeforeMs: nowMs,
    notAfterMs: nowMs + DAY_MS,
    nowMs,
  })
  const hello = createHello({ meshId: mesh.meshId, log: own.log.text, membership: forged.text })
  const network = createNetwork({
    suite,
    clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
    privateIdentity: { ed25519: own.nodeSigner, mlDsa44: own.mlDsaSigner },
    meshId: mesh.meshId,
    listen: [],
    staticPeers: [],
    discovery: { enabled: false },
    admission: {
      hello: () => hello,
      judge: () => Promise.resolve({ admitted: true, did: 'did:webvh:anybody' }),
    },
    logger: { log: () => undefined },
  })
  await network.start()
  try {
    const status = await askWarren(['--dir', mesh.desk.directory, 'status'])
    const [address] = Array.isArray(status['addresses']) ? status['addresses'] : []
    await network.dial(String(address), AbortSignal.timeout(REFUSAL_TIMEOUT_MS))
  } catch (error) {
    if (error instanceof NetworkError && error.peerCode !== undefined) return error.peerCode
    throw error
  } finally {
    await network.stop()
    own.wipe()
    forger.wipe()
  }
  throw new Error('a forged membership was accepted')
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
