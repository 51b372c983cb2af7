/**
 * Stops the page for good at the n-th await of a port: right after the call was made, so that its effect may or may not come about,
 * or right after it has settled, so that its caller does not learn of it.
 */

export interface Interrupts {
  /** Stops the page at the n-th point from now on. */
  arm(point: number): void
  /** Stops nothing any more. @returns the points since `arm` */
  disarm(): readonly string[]
  /** The methods of the port, each with its two points. */
  wrap<Port extends object>(name: string, port: Port): Port
}

/** The proxy takes this request, and never responds. */
const STOPPED_PATH = '/faults/stopped'

export const makeInterrupts = (): Interrupts => {
  let stopAt = Infinity
  let points: string[] = []

  const reach = (point: string) => {
    points.push(point)
    if (points.length === stopAt) stopForGood(point)
  }
  const wrapMethod =
    (name: string, method: (...args: unknown[]) => unknown) =>
    (...args: unknown[]) => {
      const result = method(...args)
      if (!(result instanceof Promise)) {
        reach(`${name} returned`)
        return result
      }
      reach(`${name} called`)
      const settle = (outcome: string) => () => reach(`${name} ${outcome}`)
      // Registered before the caller's: it learns of nothing.
      void result.then(settle('resolved'), settle('rejected'))
      return result
    }

  return {
    arm(point) {
      points = []
      stopAt = point
    },
    disarm() {
      stopAt = Infinity
      return points
    },
    wrap: (name, port) =>
      new Proxy(port, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key)
          if (typeof value !== 'function' || isRead(key)) return value
          return wrapMethod(`${name}.${String(key)}`, value.bind(target))
        },
      }),
  }
}

/** Synchronous reads of the log change nothing, and there are hundreds of them. */
const isRead = (key: string | symbol): boolean =>
  typeof key === 'symbol' || READS.has(key) || key === 'subscribe' || key === 'confirmations' || key === 'refusals'

const READS: ReadonlySet<string> = new Set([
  'file',
  'list',
  'versions',
  'version',
  'filesWithContent',
  'filesWithVersion',
  'remoteContent',
  'applied',
  'changes',
])

/** A synchronous request stops this thread, without work for the processor, until the test ends the page. */
const stopForGood = (point: string): void => {
  const request = new XMLHttpRequest()
  request.open('POST', `${STOPPED_PATH}?${new URLSearchParams({ point })}`, false)
  request.send()
}
