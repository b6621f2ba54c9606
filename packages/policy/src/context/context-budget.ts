import { ContextFlaw } from './context-flaw.ts'

const VALUES_MAX = 4096
const CHARACTERS_MAX = 131_072
/** Of one text. */
const TEXT_LENGTH_MAX = 16_384

/** What may still be written into one context. The engine's time grows with the size of it. */
export class ContextBudget {
  #values = VALUES_MAX
  #characters = CHARACTERS_MAX

  /** @throws ContextFlaw `input-too-large` */
  spendValues(count: number): void {
    this.#values -= count
    if (this.#values < 0) {
      throw new ContextFlaw('input-too-large', `rules read more than ${VALUES_MAX} values of it`)
    }
  }

  /** @throws ContextFlaw `input-text`, `input-too-large` */
  spendText(text: string): void {
    this.#characters -= text.length
    if (text.length > TEXT_LENGTH_MAX || this.#characters < 0) {
      throw new ContextFlaw(
        'input-too-large',
        `rules read texts of at most ${TEXT_LENGTH_MAX} characters, ${CHARACTERS_MAX} together`,
      )
    }
    if (!text.isWellFormed()) {
      throw new ContextFlaw('input-text', 'a rule reads a text of it that is not well-formed')
    }
  }
}
