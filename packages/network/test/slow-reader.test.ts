import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const MIB = 1024 * 1024

test(
  'a slow reader of 200 MB holds the sender back, and memory stays where it is',
  { tags: ['NET-1', 'THR-16'], timeout: 60_000 },
  async () => {
    const script = join(import.meta.dirname, 'slow-reader.ts')
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script])
    const { receivedBytes, sentInStall, rssRise } = JSON.parse(stdout) as Record<string, number>
    expect(receivedBytes).toBe(200 * MIB)
    expect(sentInStall).toBeLessThan(4 * MIB)
    // Sender and receiver together.
    expect(rssRise).toBeLessThan(30 * MIB)
  },
)
