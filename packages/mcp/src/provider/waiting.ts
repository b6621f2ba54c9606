import type { Waiting, WaitingNote } from '../gate.ts'
import { idAt, type JsonRpcMessage, metaOf, type RequestId } from '../json-rpc.ts'
import type { ServerCall } from './server-call.ts'

/** Whoever waits for the answer to a request of a session, for as long as the session is not over. */
export function waitingOf(call: ServerCall, over: AbortSignal): Waiting {
  const token = idAt(metaOf(call.sent), 'progressToken')
  const signal = AbortSignal.any([call.signal, over])
  if (token === undefined) return { signal, progress: () => {} }
  let isTelling = false
  const tell = async (note: WaitingNote): Promise<void> => {
    isTelling = true
    try {
      await call.route.deliver(progressNote(token, note))
    } catch {
      // Its stream is gone, which that stream's own task deals with.
    }
    isTelling = false
  }
  return {
    signal,
    // One that the host has not read yet says as much as the next.
    progress: (note) => {
      if (!isTelling) void tell(note)
    },
  }
}

/** Below zero and rising, so that whatever the server tells afterwards of its own progress is more. */
function progressNote(progressToken: RequestId, note: WaitingNote): JsonRpcMessage {
  const { leftSeconds, message } = note
  return {
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken, progress: -leftSeconds, message },
  }
}
