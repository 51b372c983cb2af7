/** Loaded into a process by `--import`, with `--expose-gc`: on SIGUSR2 it collects garbage, and reports its memory on standard error. */
process.on('SIGUSR2', () => {
  const { gc } = globalThis
  // Twice: what a finalizer frees goes with the second one.
  gc?.()
  gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  process.stderr.write(`memory ${JSON.stringify({ rss, heapUsed, external })}\n`)
})
