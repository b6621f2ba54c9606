import type { JsonRpcMessage, RequestId } from '../json-rpc.ts'
import { LineReader } from '../line-reader.ts'
import { McpError } from '../mcp-error.ts'
import { encodeMessage, MessageError, parseMessage } from '../message-door.ts'
import type { MessageLimits } from '../message-limits.ts'
import type { Logger } from '../ports.ts'
import { type ProcessComponents, ServerProcess } from '../process/server-process.ts'
import { errorAnswer } from '../rpc-answer.ts'
import type { ProcessServer } from '../server-definition.ts'
import type { Backend, ServerMessage } from './backend.ts'

export interface ProcessBackendComponents {
  readonly processes: ProcessComponents
  readonly messages: MessageLimits
}

/** A server that speaks newline-delimited JSON-RPC over its standard streams. */
export class ProcessBackend implements Backend {
  readonly messages: AsyncIterable<ServerMessage>
  readonly gone: Promise<McpError>
  readonly #process: ServerProcess
  readonly #name: string
  readonly #limits: MessageLimits
  readonly #logger: Logger
  #noise = 0

  private constructor(name: string, process: ServerProcess, components: ProcessBackendComponents) {
    this.#name = name
    this.#process = process
    this.#limits = components.messages
    this.#logger = components.processes.logger
    this.gone = process.exited
    this.messages = this.#read()
  }

  /** @throws McpError `server-start-failed` */
  static async start(
    definition: ProcessServer,
    components: ProcessBackendComponents,
  ): Promise<ProcessBackend> {
    const process = await ServerProcess.start(definition, components.processes)
    return new ProcessBackend(definition.name, process, components)
  }

  async send(message: JsonRpcMessage): Promise<void> {
    await this.#process.write(encodeMessage(message))
  }

  async cancel(id: RequestId): Promise<void> {
    const params = { requestId: id, reason: 'the caller closed the call' }
    await this.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
  }

  async stop(): Promise<void> {
    await this.#process.stop()
  }

  async *#read(): AsyncGenerator<ServerMessage> {
    const lines = new LineReader(this.#process.output)
    for (;;) {
      const line = await lines.next(this.#limits.messageBytesMax)
      if (line === undefined) return
      const said = this.#parse(line)
      if (said !== undefined) yield said
    }
  }

  /** What is not a message is noise; what was meant to be a response becomes an error, so that nobody waits for it. */
  #parse(line: Uint8Array): ServerMessage | undefined {
    try {
      return { message: parseMessage(line, this.#limits) }
    } catch (error) {
      if (!(error instanceof MessageError)) throw error
      // The first line is worth a warning, the rest only its number when it doubles: noise can be endless.
      this.#noise += 1
      if (Number.isInteger(Math.log2(this.#noise))) {
        const details = { server: this.#name, rule: error.message, lines: this.#noise }
        this.#logger.log('warn', 'server-output-unacceptable', details)
      }
      if (error.responseTo === undefined) return undefined
      const sentence = `the answer of the server "${this.#name}" cannot be relayed: ${error.message}`
      const reason = new McpError('server-answer-unacceptable', sentence, { cause: error })
      return { message: errorAnswer(error.responseTo, reason), failure: reason.code }
    }
  }
}
