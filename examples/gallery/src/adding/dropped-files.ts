export interface DroppedFiles {
  readonly files: readonly File[]
  /** files and folders that could not be read */
  readonly unread: number
}

/** The files of a drop or paste, those in dropped folders too. */
export const droppedFiles = async (transfer: DataTransfer): Promise<DroppedFiles> => {
  // Entries are only readable until the event handler first awaits.
  const entries = Array.from(transfer.items, (item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null))
  if (!entries.some((entry) => entry?.isDirectory)) return { files: [...transfer.files], unread: 0 }
  const dropped = { files: [], unread: 0 }
  for (const entry of entries) if (entry) await collect(entry, dropped)
  return dropped
}

const collect = async (entry: FileSystemEntry, into: { readonly files: File[]; unread: number }): Promise<void> => {
  try {
    if (entry.isFile) into.files.push(await fileOf(entry as FileSystemFileEntry))
    else {
      for await (const child of childrenOf(entry as FileSystemDirectoryEntry)) {
        if (!child.name.startsWith('.')) await collect(child, into)
      }
    }
  } catch {
    into.unread++
  }
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject))

async function* childrenOf(entry: FileSystemDirectoryEntry): AsyncGenerator<FileSystemEntry> {
  const reader = entry.createReader()
  // readEntries gives at most 100 at a time in Chromium, and an empty list at the end.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (batch.length === 0) return
    yield* batch
  }
}

export const unreadText = (unread: number): string =>
  unread === 1 ? '1 file could not be read. Drop it again.' : `${unread} files could not be read. Drop them again.`

/** Pasted pictures are all called `image.png`: gives those a name with the time. */
export const pastedName = (file: File, now: Date): string =>
  /^image\.\w+$/.test(file.name)
    ? `Pasted ${now.toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.')}.${file.name.slice(6)}`
    : file.name
