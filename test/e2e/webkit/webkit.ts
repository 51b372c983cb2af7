/** WebKitGTK on a screen of its own, driven by WebDriver. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../free-port.ts'
import type { ScriptPage } from '../file-urls/script-page.ts'

const DRIVER = '/usr/bin/WebKitWebDriver'

/** On CI always, elsewhere where it is installed. */
export const HAS_WEBKIT = process.env.CI !== undefined || existsSync(DRIVER)

export interface WebKitDevice extends AsyncDisposable {
  readonly page: ScriptPage
  /** where the browser saves files */
  readonly downloads: string
}

/** Without a sound device or a graphics card. */
const ENVIRONMENT = {
  LIBGL_ALWAYS_SOFTWARE: '1',
  WEBKIT_DISABLE_COMPOSITING_MODE: '1',
  WEBKIT_DISABLE_DMABUF_RENDERER: '1',
  NO_AT_BRIDGE: '1',
  GTK_USE_PORTAL: '0',
  GSETTINGS_BACKEND: 'memory',
}

export const createWebKit = async (): Promise<WebKitDevice> => {
  const data = await mkdtemp(join(tmpdir(), 'rockpool-e2e-webkit-'))
  const started: ChildProcess[] = []
  const close = async () => {
    for (const child of started.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exited = once(child, 'exit')
      child.kill()
      await exited
    }
    await rm(data, { recursive: true, force: true, maxRetries: 10 })
  }
  try {
    const display = await startScreen(started)
    const port = await freePort()
    const env = { ...process.env, ...ENVIRONMENT, DISPLAY: display, WEBKIT_DATA: data, XDG_RUNTIME_DIR: data }
    started.push(spawn(DRIVER, [`--port=${port}`], { env, stdio: 'ignore' }))
    return {
      page: await openSession(`http://127.0.0.1:${port}`),
      downloads: join(data, 'downloads'),
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** @returns the name of the display, which Xvfb chooses */
const startScreen = async (started: ChildProcess[]): Promise<string> => {
  const args = ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp']
  const screen = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  started.push(screen)
  const [number] = (await once(screen.stdio[3]!, 'data')) as [Buffer]
  return `:${number.toString().trim()}`
}

/** A WebDriver session with one page. */
const openSession = async (driver: string): Promise<ScriptPage> => {
  const call = async <A>(method: string, path: string, body?: object): Promise<A> => {
    const response = await fetch(driver + path, { method, ...(body && { body: JSON.stringify(body) }) })
    const { value } = (await response.json()) as { readonly value: A & { readonly error?: string } }
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value).slice(0, 400)}`)
    return value
  }
  for (;;) {
    try {
      await call('GET', '/status')
      break
    } catch (error) {
      if (!(error instanceof TypeError)) throw error // not listening yet
      await new Promise((turned) => setTimeout(turned, 50))
    }
  }
  const binary = join(import.meta.dirname, 'browser.py')
  const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': { binary, args: [] } } }
  const { sessionId } = await call<{ readonly sessionId: string }>('POST', '/session', { capabilities })
  const session = `/session/${sessionId}`
  const execute = <A>(script: string, args: readonly unknown[]) =>
    call<A>('POST', `${session}/execute/sync`, { script, args })

  // One command at a time: frames are switched to and back.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <A>(work: () => Promise<A>): Promise<A> => {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return turn
  }

  // WebDriver's own asynchronous scripts would hold up every other one.
  let scripts = 0
  const evaluate: ScriptPage['evaluate'] = async (work, ...args) => {
    const id = `script${++scripts}`
    const start = `const [id, args] = arguments
      const results = (window.scriptResults ??= {})
      Promise.resolve().then(() => (${work})(...args)).then(
        (value) => (results[id] = { value }),
        (error) => (results[id] = { error: String(error) + '\\n' + error?.stack }),
      )`
    await inTurn(() => execute(start, [id, args]))
    for (;;) {
      const poll = 'return JSON.stringify(window.scriptResults?.[arguments[0]] ?? null)'
      const result = JSON.parse(await inTurn(() => execute<string>(poll, [id]))) as {
        value?: never
        error?: string
      } | null
      if (result?.error !== undefined) throw new Error(result.error)
      if (result) return result.value as never
      await new Promise((turned) => setTimeout(turned, 20))
    }
  }

  return {
    evaluate,
    goto: (url) => inTurn(() => call('POST', `${session}/url`, { url })),
    evaluateInFrame: (url, work) =>
      inTurn(async () => {
        const find = 'return [...document.querySelectorAll("iframe")].find(({ src }) => src.endsWith(arguments[0]))'
        const id = await execute<object>(find, [url])
        await call('POST', `${session}/frame`, { id })
        try {
          return JSON.parse(await execute<string>(`return JSON.stringify((${work})())`, []))
        } finally {
          await call('POST', `${session}/frame`, { id: null })
        }
      }),
  }
}
