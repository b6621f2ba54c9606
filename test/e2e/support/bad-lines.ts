interface BadLine {
  readonly line: string
  readonly code: number
  /** The id that the answer carries. */
  readonly id: number | null
}

/** Deeper than any message may be. */
const DEEP = `${'['.repeat(70)}${']'.repeat(70)}`
/** What no host may say, and how it is answered. */
export const BAD_LINES: readonly BadLine[] = [
  { line: 'nonsense', code: -32_700, id: null },
  { line: '{"jsonrpc":"2.0","id":11,', code: -32_700, id: null },
  { line: '[{"jsonrpc":"2.0","id":12,"method":"test/echo"}]', code: -32_600, id: null },
  { line: '{"jsonrpc":"1.0","id":13,"method":"test/echo"}', code: -32_600, id: 13 },
  { line: '{"jsonrpc":"2.0","id":null,"method":"test/echo"}', code: -32_600, id: null },
  { line: '{"jsonrpc":"2.0","id":1.5,"method":"test/echo"}', code: -32_600, id: null },
  { line: '{"jsonrpc":"2.0","id":14,"method":"test/echo","params":[]}', code: -32_600, id: 14 },
  {
    line: `{"jsonrpc":"2.0","id":15,"method":"test/echo","params":{"a":${DEEP}}}`,
    code: -32_600,
    id: 15,
  },
  {
    line: '{"jsonrpc":"2.0","id":16,"method":"test/echo","params":{"a":9007199254740993}}',
    code: -32_600,
    id: 16,
  },
  { line: '{"jsonrpc":"2.0","id":17,"method":"test/echo","__proto__":{}}', code: -32_600, id: 17 },
]

/** One message of 5 MiB; 4 MiB are the most. */
export const TOO_LONG: string = JSON.stringify({
  jsonrpc: '2.0',
  id: 18,
  method: 'test/echo',
  params: { a: 'x'.repeat(5 * 1024 * 1024) },
})
