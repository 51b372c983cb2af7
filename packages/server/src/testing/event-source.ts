/** For tests: a reader of server-sent events. */

export interface EventSourceReader {
  /** The next event; undefined when the stream has ended. Rejects when the connection is cut. */
  next(): Promise<Record<string, any> | undefined>
  /** the last id that the stream named */
  readonly lastId: string
  close(): Promise<void>
}

export const readEventSource = (response: Response): EventSourceReader => {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let buffer = ''
  let lastId = ''
  const takeBlock = async (): Promise<string | undefined> => {
    for (;;) {
      const end = buffer.indexOf('\n\n')
      if (end >= 0) {
        const block = buffer.slice(0, end)
        buffer = buffer.slice(end + 2)
        return block
      }
      const { done, value } = await reader.read()
      if (done) return undefined
      buffer += value
    }
  }
  return {
    next: async () => {
      for (;;) {
        const block = await takeBlock()
        if (block === undefined) return undefined
        lastId = /^id: (.*)$/m.exec(block)?.[1] ?? lastId
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (data !== undefined) return JSON.parse(data)
      }
    },
    get lastId() {
      return lastId
    },
    close: () => reader.cancel(),
  }
}
