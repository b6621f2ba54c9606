import type { FreshnessJudgement } from '@warren/membership'

type Judged = Pick<FreshnessJudgement, 'state' | 'servers'>

/**
 * Which servers' calls go on, where one judgement after another ends those of all the rest: when the last age of the charter is
 * reached, but for the servers that island grants name, and when that of a grant is.
 *
 * Undefined where nothing ends. A node that has just started has begun nothing.
 */
export function whatGoesOn(
  before: Judged | undefined,
  now: Judged,
): ReadonlySet<string> | undefined {
  if (before === undefined || now.state !== 'stop') return undefined
  const going = serversGoingOn(now)
  const ends =
    before.state !== 'stop' || [...serversGoingOn(before)].some((each) => !going.has(each))
  return ends ? going : undefined
}

function serversGoingOn({ servers }: Judged): ReadonlySet<string> {
  return new Set(servers.flatMap(({ server, state }) => (state === 'stop' ? [] : [server])))
}
