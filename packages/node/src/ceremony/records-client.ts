import { askNode } from '../control/control-client.ts'
import {
  type MeshDescription,
  type DescribedMembership,
  readDescription,
  readMembership,
  readOutcomes,
  type SubmitOutcome,
} from '../control/records-protocol.ts'

/** Where the ceremony learns of the mesh, and where signed records go. */
export interface RecordsClient {
  describe(): Promise<MeshDescription>
  membership(who: string): Promise<DescribedMembership>
  submit(texts: readonly string[]): Promise<readonly SubmitOutcome[]>
}

/** The running node of a data directory. */
export function recordsOfNode(socket: string): RecordsClient {
  return {
    describe: async () => readDescription(await askNode(socket, { do: 'records' })),
    membership: async (who) => readMembership(await askNode(socket, { do: 'membership', who })),
    submit: async (texts) => readOutcomes(await askNode(socket, { do: 'submit', texts })),
  }
}
