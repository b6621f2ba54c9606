/** What happened at the provider, for whoever shows or counts it. Nothing waits for the listener. */
export type ProviderEvent =
  | {
      readonly type: 'decided'
      readonly caller: string
      readonly server: string
      readonly method: string
      readonly allowed: boolean
      /** The rule that allowed it, or the code of the refusal. */
      readonly because: string
    }
  | {
      readonly type: 'answered'
      readonly caller: string
      readonly server: string
      readonly method: string
      readonly outcome: 'result' | 'error' | 'cancelled'
      readonly durationMs: number
    }
