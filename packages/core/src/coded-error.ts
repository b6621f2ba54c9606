/**
 * An error with a code that programs and the audit log rely on.
 *
 * The code never changes once released; the message is for people, states the broken rule,
 * and carries neither secrets nor raw bytes of a peer.
 */
export abstract class CodedError<Code extends string> extends Error {
  abstract override readonly name: string
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
