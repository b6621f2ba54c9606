/** What a node may lack in its view of the mesh. */
export type MissedGoal = 'pinned' | 'connections' | 'groups'

/** Tells a goal that is missed for longer than it takes to reach it from one that is on its way. */
export class GoalWatch {
  readonly #graceMs: number
  readonly #sinceMs = new Map<MissedGoal, number>()
  #reported: readonly MissedGoal[] = []

  constructor(graceMs: number) {
    this.#graceMs = graceMs
  }

  /** Takes what is missed at this moment; returns what is missed lastingly, when there is more of that than before. */
  observe(missed: readonly MissedGoal[], nowMs: number): readonly MissedGoal[] | undefined {
    for (const goal of this.#sinceMs.keys()) if (!missed.includes(goal)) this.#sinceMs.delete(goal)
    for (const goal of missed) if (!this.#sinceMs.has(goal)) this.#sinceMs.set(goal, nowMs)
    const lasting = this.lasting(missed, nowMs)
    const isNews = lasting.some((goal) => !this.#reported.includes(goal))
    this.#reported = lasting
    return isNews ? lasting : undefined
  }

  /** Of what is missed at this moment, what has been missed at every look for the whole of the grace. */
  lasting(missed: readonly MissedGoal[], nowMs: number): readonly MissedGoal[] {
    return missed.filter((goal) => nowMs - (this.#sinceMs.get(goal) ?? nowMs) >= this.#graceMs)
  }
}
