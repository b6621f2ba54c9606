import { expect, test } from 'vitest'
import { sayUnlessFresh } from '../src/say-unless-fresh.ts'

test.for([
  ['fresh', false],
  ['unwitnessed', false],
  ['aging', true],
  ['deny-new', true],
  ['stop', true],
] as const)(
  'knowledge that is %s goes with a warning: %s',
  { tags: ['CLI-14'] },
  ([state, isWarned]) => {
    const lines: string[] = []
    sayUnlessFresh({ progress: (line) => lines.push(line) }, { state, says: `${state}: why` })
    expect(lines).toEqual(
      isWarned ? [`what this node knows of the mesh may be out of date: ${state}: why`] : [],
    )
  },
)
