import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { Output } from '../src/output.ts'
import { visibleJson, visibleLine, visibleText } from '../src/visible-text.ts'

/** Clears the screen, in 7 bits and in 8; sets the window's title; turns text around; goes back on the line; hides text. */
const HOSTILE = '\u001b[2J \u009b2J \u001b]0;x\u0007 \u202eabc \rok \u{e0041}\u007f'
const ACTS = /[[\p{Cc}--\n]\u202a-\u202e\u2066-\u2069\u2028\u2029\u{e0000}-\u{e007f}]/v

function printing(json: boolean): {
  output: Output
  stream: Writable
  printed: () => string
} {
  const written: string[] = []
  const stream = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      written.push(chunk.toString())
      done()
    },
  })
  const output = new Output(json, { stdout: stream, stderr: stream })
  return { output, stream, printed: () => written.join('') }
}

test('nothing that a server says acts on the terminal', { tags: ['NODE-8', 'THR-22'] }, () => {
  const { output, printed } = printing(false)
  output.result(null, [HOSTILE, 'second line'])
  output.progress(`${HOSTILE}\nwarren: all is well`)
  output.failure('call-refused', HOSTILE)
  const text = printed()
  expect(text).not.toMatch(ACTS)
  expect(text.match(/\n/g)).toHaveLength(4)
  expect(text).toContain(String.raw`\u{1b}[2J \u{9b}2J`)
})

test('in JSON the same is written out and the value stays', { tags: ['NODE-8', 'THR-22'] }, () => {
  const { output, printed } = printing(true)
  output.result({ text: HOSTILE }, [])
  const text = printed()
  expect(text).not.toMatch(ACTS)
  expect(JSON.parse(text)).toEqual({ text: HOSTILE })
})

test('what people write stays as it is', { tags: ['NODE-8', 'THR-22'] }, () => {
  const text = 'Grüße,\n\t漢字 👩‍🔧 می‌خواهم'
  expect(visibleText(text)).toBe(text)
  expect(visibleJson(JSON.stringify({ text }))).toBe(JSON.stringify({ text }))
  expect(visibleLine('a\nb\tc')).toBe(String.raw`a\u{a}b\u{9}c`)
})

test(
  'a stream is listened to once, however many print to it, and its reader goes once',
  { tags: ['CLI-6'] },
  () => {
    const { output, stream } = printing(false)
    let gone = 0
    output.onReaderGone(() => {
      gone += 1
    })
    for (let each = 0; each < 20; each += 1) {
      expect(new Output(false, { stdout: stream, stderr: stream })).toBeInstanceOf(Output)
    }
    expect(stream.listenerCount('error')).toBe(1)
    stream.emit('error', Object.assign(new Error('no reader'), { code: 'EPIPE' }))
    expect(gone).toBe(1)
    const full = Object.assign(new Error('no room'), { code: 'ENOSPC' })
    expect(() => stream.emit('error', full)).toThrow(full)
    expect(gone).toBe(1)
  },
)
