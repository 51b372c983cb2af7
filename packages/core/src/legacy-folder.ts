/** The files that livestore-filesync keeps on a device: one per content, named by its hash. */

export interface LegacyFile {
  readonly blob: Blob
  /** media type that livestore-filesync saved beside the bytes */
  readonly type: string | undefined
  /** where it is on this disk; a blob store of the same disk can move it */
  readonly handle?: FileSystemFileHandle | undefined
}

/** Adapters: `legacyFolder` of `@rockpool/opfs`; in-memory. */
export interface LegacyFolder {
  /** The names of all files: SHA-256 hashes of their bytes, as hex. */
  hashes(): Promise<readonly string[]>

  /** A file, or undefined when it is gone. Reads no bytes yet. */
  open(hash: string): Promise<LegacyFile | undefined>

  /** Deletes a file and what was saved beside it. Does nothing when it is gone. */
  remove(hash: string): Promise<void>
}
