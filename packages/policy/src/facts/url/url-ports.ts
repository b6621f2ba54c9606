/** What the WHATWG URL parser makes of a text; the `URL` of every runtime is one. */
export interface ParsedUrl {
  /** With the colon behind it. */
  readonly protocol: string
  readonly username: string
  readonly password: string
  /** An IPv6 address in brackets. */
  readonly hostname: string
  /** Empty where it is that of the scheme. */
  readonly port: string
  readonly pathname: string
}

/** Parses as the WHATWG URL Standard says; undefined when the text is no URL. */
export type UrlParser = (text: string) => ParsedUrl | undefined

/** Says where a host is, within a bounded time; empty when that is not known. */
export type NameResolver = (host: string) => Promise<readonly string[]>
