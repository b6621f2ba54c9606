import { join } from 'node:path'
import type { JsonValue } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { parseCharter, RecordSet } from '@warren/membership'
import { openStore } from '@warren/storage'
import type { ControlRequest } from '../../src/control/control-protocol.ts'
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
    const { set } = RecordSet.empty(suite, charter).accept([store.membership.read() ?? ''])
    store.close()
    const node = new RecordsNode(join(directory, 'warren.sock'), set)
    await node.#server.start()
    return node
  }

  stop(): Promise<void> {
    return this.#server.stop()
  }

  #answer(request: ControlRequest): JsonValue {
    const nowMs = Date.now()
    switch (request.do) {
      case 'records':
        return describeMesh(this.set, nowMs)
      case 'members':
        return { members: describeMembers(this.set, nowMs) }
      case 'why':
        return describeWhy(this.set, request.who, nowMs)
      case 'submit': {
        const before = this.set
        const acceptance = before.accept(request.texts)
        this.set = acceptance.set
        return describeOutcomes(before, request.texts, acceptance)
      }
      case 'status':
      case 'peers':
      case 'tools':
      case 'call':
      case 'invite':
      case 'reload':
      case 'connect':
      case 'stop':
      default:
        throw new Error(`nobody asks for ${request.do} here`)
    }
  }
}
