/** The files of a drop or paste, those in dropped folders too. */
export const droppedFiles = async (transfer: DataTransfer): Promise<readonly File[]> => {
  // Entries are only readable until the event handler first awaits.
  const entries = Array.from(transfer.items, (item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null))
  if (!entries.some((entry) => entry?.isDirectory)) return [...transfer.files]
  const files: File[] = []
  for (const entry of entries) if (entry) await collect(entry, files)
  return files
}

const collect = async (entry: FileSystemEntry, into: File[]): Promise<void> => {
  if (entry.isFile) {
    into.push(await new Promise((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)))
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  // readEntries gives at most 100 at a time in Chromium, and an empty list at the end.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (batch.length === 0) return
    for (const child of batch) if (!child.name.startsWith('.')) await collect(child, into)
  }
}

/** Pasted pictures are all called `image.png`: gives those a name with the time. */
export const pastedName = (file: File, now: Date): string =>
  /^image\.\w+$/.test(file.name)
    ? `Pasted ${now.toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.')}.${file.name.slice(6)}`
    : file.name
