import { expect, test } from 'vitest'
import { ToolSights } from '../../../src/policy/pin/tool-sights.ts'

const SIGHTS_MAX = 65_536
const AS_PINNED = { digest: 'a', pin: 'a' }

test(
  'what 65536 callers were shown is remembered; whoever is forgotten has to list again',
  { tags: ['POL-29', 'THR-57'] },
  () => {
    const sights = new ToolSights()
    sights.take('did:first', 'fs/read', AS_PINNED)
    for (let each = 1; each < SIGHTS_MAX; each += 1)
      sights.take(`did:${each}`, 'fs/read', AS_PINNED)
    expect(sights.isPinned('did:first', 'fs/read', 'a')).toBe(true)
    // Whoever lists again and again takes nobody's place.
    for (let each = 0; each < 10; each += 1) sights.take('did:9', 'fs/read', AS_PINNED)
    expect(sights.isPinned('did:first', 'fs/read', 'a')).toBe(true)
    sights.take('did:one-more', 'fs/read', AS_PINNED)
    expect(sights.isPinned('did:first', 'fs/read', 'a')).toBe(false)
    expect(sights.isPinned('did:one-more', 'fs/read', 'a')).toBe(true)
  },
)
