/** In what form a receiver wants the entries. */
export type ExportFormat = 'syslog' | 'cef' | 'ocsf' | 'jsonl'

interface TargetHead {
  /** Under this name the node remembers how far the receiver has come. */
  readonly name: string
  readonly format: ExportFormat
}

/** A file that another program reads. */
export interface FileTarget extends TargetHead {
  readonly transport: 'file'
  readonly path: string
}

interface NetworkTarget extends TargetHead {
  readonly host: string
  readonly port: number
}

/** A receiver that is reached without encryption. */
export interface PlainTarget extends NetworkTarget {
  readonly transport: 'tcp' | 'relp'
  /** Whether it may be on another machine all the same. */
  readonly cleartext?: boolean | undefined
}

/** A receiver that proves who it is, and may ask this node to. */
export interface TlsTarget extends NetworkTarget {
  readonly transport: 'tls' | 'relp-tls'
  /** Path of the certificates (PEM) of those who may vouch for the receiver. */
  readonly ca: string
  /** Paths of the certificate and the private key (PEM) that this node shows. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** The name in the certificate of the receiver, where it is not `host`. */
  readonly serverName?: string | undefined
}

/** Where copies of the audit log go. */
export type ExportTarget = FileTarget | PlainTarget | TlsTarget
