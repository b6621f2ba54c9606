/** What a record says, before anybody has looked at who signed it. */
export type Said<R extends object> = Omit<R, 'id' | 'text' | 'signers'>
