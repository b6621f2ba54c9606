import { join } from 'node:path'
import type { JsonValue } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { parseCharter, type RecordSet } from '@warren/membership'
import { openStore } from '@warren/storage'
import { NodeError } from '../../src/node-error.ts'
import { loadRecords } from '../../src/records/load-records.ts'
import { type ControlRequest, isRecordsRequest } from '../../src/control/control-protocol.ts'
import { ControlServer } from '../../src/control/control-server.ts'
import {
  describeMembers,
  describeMesh,
  describeOutcomes,
  describeWhy,
} from '../../src/control/records-protocol.ts'

/** The records of a data directory behind its control socket: as much of a node as the ceremony talks to. */
export class RecordsNode {
  readonly #server: ControlServer
  set: RecordSet
  /** Whether what is submitted is taken up; else the node is about to end. */
  takesRecords = true

  private constructor(socket: string, set: RecordSet) {
    this.set = set
    this.#server = new ControlServer(socket, {
      // oxlint-disable-next-line require-await -- the port is asynchronous; what is thrown must reject
      answer: async (request) => this.#answer(request),
      connect: () => Promise.reject(new Error('no MCP here')),
      onDefect: (error) => {
        throw error
      },
    })
  }

  static async start(directory: string): Promise<RecordsNode> {
    const store = openStore(join(directory, 'warren.db'))
    const charter = parseCharter(suite, store.charter.read() ?? '')
    const known = loadRecords(suite, charter, store.records)
    const { set } = known.accept([store.membership.read() ?? ''])
    store.close()
    const node = new RecordsNode(join(directory, 'warren.sock'), set)
    await node.#server.start()
    return node
  }

  stop(): Promise<void> {
    return this.#server.stop()
  }

  #answer(request: ControlRequest): JsonValue {
    if (!isRecordsRequest(request)) throw new Error(`nobody asks for ${request.do} here`)
    const nowMs = Date.now()
    switch (request.do) {
      case 'records':
        return describeMesh(this.set, nowMs)
      case 'members':
        return { members: describeMembers(this.set, nowMs) }
      case 'why':
        return describeWhy(this.set, request.who, nowMs)
      case 'submit':
      default: {
        if (!this.takesRecords) throw new NodeError('control-closed', 'the node has ended')
        const before = this.set
        const acceptance = before.accept(request.texts)
        this.set = acceptance.set
        return describeOutcomes(before, request.texts, acceptance)
      }
    }
  }
}
