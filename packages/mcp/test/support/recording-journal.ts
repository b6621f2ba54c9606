import type {
  CallJournal,
  JournaledCall,
  JournaledEnd,
  LeavingMessage,
  McpError,
} from '@warren/mcp'

/** Keeps what it is told of one kind of method; a test decides whether it can be written down, and when it is. */
export class RecordingJournal implements CallJournal {
  readonly left: LeavingMessage[] = []
  readonly stayed: (readonly [Omit<LeavingMessage, 'callSession'>, string])[] = []
  readonly ends: JournaledEnd[] = []
  /** What hosts were given without an answer in it, as one text. */
  passed = ''
  /** Why nothing may leave. */
  refusal: McpError | undefined
  recording: () => Promise<void> = () => Promise.resolve()

  leaves(leaving: LeavingMessage): JournaledCall | undefined {
    if (!isTold(leaving)) return undefined
    if (this.refusal !== undefined) throw this.refusal
    this.left.push(leaving)
    return {
      recorded: this.recording(),
      passes: (bytes) => void (this.passed += Buffer.from(bytes).toString()),
      ended: (end) => void this.ends.push(end),
    }
  }

  async stays(staying: Omit<LeavingMessage, 'callSession'>, code: string): Promise<void> {
    if (isTold(staying)) this.stayed.push([staying, code])
  }
}

function isTold({ message }: Pick<LeavingMessage, 'message'>): boolean {
  const { method } = message
  return typeof method === 'string' && (method.startsWith('test/') || method === 'tools/call')
}
