import { chai } from 'vitest'

/**
 * The assertions that libp2p's compliance suites use beyond those of chai: `exist()` written as a
 * call, and `equalBytes`. The suites import them from a build tool, which stays out of the tree.
 */
chai.use(({ Assertion }, utils) => {
  utils.addProperty(Assertion.prototype, 'exist', function exist(this: Chai.AssertionStatic) {
    const subject: unknown = utils.flag(this, 'object')
    this.assert(
      subject !== null && subject !== undefined,
      'expected #{this} to exist',
      'expected #{this} not to exist',
      undefined,
    )
    return () => this
  })
  utils.addMethod(
    Assertion.prototype,
    'equalBytes',
    function equalBytes(this: Chai.AssertionStatic, expected: Uint8Array) {
      const subject: unknown = utils.flag(this, 'object')
      this.assert(
        subject instanceof Uint8Array && Buffer.compare(subject, expected) === 0,
        'expected the bytes to be equal',
        'expected the bytes to differ',
        undefined,
      )
    },
  )
})

export const { expect } = chai
