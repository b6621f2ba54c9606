import type { Clock } from '@warren/core'
import { type Provider, systemScheduler } from '@warren/mcp'
import type { CallerCalls } from '@warren/storage'
import type { AuditDesk } from '../audit/audit-desk.ts'
import type { Report } from '../node-event.ts'
import { BehaviourDesk } from './behaviour-desk.ts'

export interface CreateBehaviourInit {
  readonly opened: { readonly store: { readonly callerCalls: CallerCalls } }
  readonly clock: Clock
  readonly report: Report
  readonly audit: { readonly desk: Pick<AuditDesk, 'alert'> }
}

/** What counts the calls at this node. `provider`: asked for when something has to end, since it needs the gate first. */
export function createBehaviour(
  { opened, clock, report, audit }: CreateBehaviourInit,
  self: string,
  provider: () => Provider,
): BehaviourDesk {
  return new BehaviourDesk({
    store: opened.store.callerCalls,
    clock,
    scheduler: systemScheduler,
    report,
    self,
    alert: (alert) => audit.desk.alert(alert),
    end: async (did, server, reason) =>
      server === undefined
        ? provider().dropCaller(did, reason)
        : provider().endServer({ did, server }, reason),
  })
}
