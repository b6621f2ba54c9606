import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Identity } from '@warren/identity'
import { adminSigner, createCharter, issueMembership, type Membership } from '@warren/membership'
import { openStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { answerAboutRecords } from '../../src/control/answer-about-records.ts'
import { knowledge } from '../knowledge.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const DAY_MS = 86_400_000

test(
  'what is submitted is acknowledged once it is written, and not before',
  { tags: ['NODE-15', 'SYN-4'] },
  async () => {
    const made = (): Identity => createIdentity({ suite, nowMs: NOW_MS })
    const admins = [adminSigner(made())]
    const charter = createCharter({ suite, name: 'test', admins, k: 1, nowMs: NOW_MS })
    const grant = ({ log }: Identity): Membership =>
      issueMembership({
        suite,
        charter,
        admins,
        member: log,
        enclave: 'main',
        roles: ['member'],
        notBeforeMs: NOW_MS,
        notAfterMs: NOW_MS + DAY_MS,
        nowMs: NOW_MS,
      })
    const directory = mkdtempSync(join(tmpdir(), 'warren-submit-'))
    const store = openStore(join(directory, 'warren.db'))
    const own = made()
    const clock = { wallMs: () => NOW_MS, monotonicMs: () => 0 }
    const node = knowledge({ clock, charter, log: own.log, membership: grant(own), store })
    onTestFinished(async () => {
      await node.records.stop()
      store.close()
      rmSync(directory, { recursive: true })
    })
    const submit = (text: string): ReturnType<typeof answerAboutRecords> =>
      answerAboutRecords(node, { do: 'submit', texts: [text] })
    const [first, second] = [grant(made()).text, grant(made()).text]
    expect(await submit(first)).toMatchObject({ results: [{ outcome: 'accepted' }] })
    expect(await submit(first)).toMatchObject({ results: [{ outcome: 'known' }] })
    store.close()
    await expect(submit(second)).rejects.toMatchObject({ code: 'records-not-durable' })
    await expect(submit(second)).rejects.toMatchObject({ code: 'records-not-durable' })
  },
)
