/** Which nodes cannot reach each other now. */
export class Partition {
  readonly #groupOf: Int32Array

  constructor(nodes: number) {
    this.#groupOf = new Int32Array(nodes)
  }

  /** Replaces the groups; nodes of no group form one together. */
  set(groups: readonly (readonly number[])[]): void {
    this.#groupOf.fill(0)
    groups.forEach((group, index) => {
      for (const node of group) this.#groupOf[node] = index + 1
    })
  }

  separates(one: number, other: number): boolean {
    return this.#groupOf[one] !== this.#groupOf[other]
  }
}
