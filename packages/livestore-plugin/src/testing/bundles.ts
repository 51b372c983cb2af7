/** The app of `fixtures/app`, as each bundler builds it: production code, not minified. */
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { rspack } from '@rspack/core'
import esbuild from 'esbuild'
import { rolldown } from 'rolldown'
import { rollup } from 'rollup'
import * as vite from 'vite'
import webpack from 'webpack'
import { SHARED_WORKER_FILE } from '../bundlers/worker-file-names.ts'
import type { livestorePlugin } from '../plugin.ts'
import { packageFolder } from './package.ts'

export const app = join(packageFolder, 'fixtures/app')

/** The code that runs in each thread, by the name of its entry. */
export type Thread = 'page' | 'worker' | 'shared-worker'
export type Bundles = Record<Thread, string>
export type Plugin = typeof livestorePlugin

const ENTRIES = {
  page: join(app, 'page.js'),
  worker: join(app, 'worker.js'),
  'shared-worker': createRequire(import.meta.url).resolve('@livestore/adapter-web/shared-worker'),
}

/** Reads the entries of a build, and what they import of it. */
const readBundles = async (folder: string): Promise<Bundles> => {
  const read = async (file: string, seen: Set<string>): Promise<string> => {
    if (seen.has(file)) return ''
    seen.add(file)
    const code = await readFile(join(folder, file), 'utf8')
    const chunks = [...code.matchAll(/^(?:import|export)\b[^'";]*["']\.\/([^"']+)["']/gm)].map(([, chunk]) => chunk!)
    return [code, ...(await Promise.all(chunks.map((chunk) => read(chunk, seen))))].join('\n')
  }
  const entries = Object.keys(ENTRIES).map(async (name) => [name, await read(`${name}.js`, new Set())])
  return Object.fromEntries(await Promise.all(entries)) as Bundles
}

const inTemporaryFolder = async <A>(run: (folder: string) => Promise<A>): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-bundle-'))
  try {
    return await run(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** As @rollup/plugin-json does it. */
const json = {
  name: 'json',
  transform: (code: string, id: string) => (id.endsWith('.json') ? `export default ${code}` : null),
}
const rollupOutput = (dir: string) => ({ dir, format: 'es', entryFileNames: '[name].js' }) as const

/** The part of their configuration that webpack and Rspack share. */
const webpackOptions = (path: string) => ({
  mode: 'production' as const,
  // These two emit the workers by themselves, from `new Worker(new URL(…))`.
  entry: { page: ENTRIES.page },
  output: { path, filename: '[name].js' },
  optimization: { minimize: false, splitChunks: false as const },
  performance: { hints: false } as const,
  devtool: false as const,
})

const compile = (compiler: Pick<webpack.Compiler, 'run' | 'close'>): Promise<void> =>
  new Promise((resolve, reject) =>
    compiler.run((error, stats) =>
      compiler.close(() => {
        if (error) reject(error)
        else if (stats!.hasErrors()) reject(new Error(stats!.toString('errors-only')))
        else resolve()
      }),
    ),
  )

export const BUNDLERS: Record<string, (plugin: Plugin) => Promise<Bundles>> = {
  Rollup: (plugin) =>
    inTemporaryFolder(async (folder) => {
      const build = await rollup({
        input: ENTRIES,
        logLevel: 'silent',
        plugins: [plugin.rollup(), nodeResolve({ browser: true }), json],
      })
      await build.write(rollupOutput(folder))
      await build.close()
      return readBundles(folder)
    }),
  Rolldown: (plugin) =>
    inTemporaryFolder(async (folder) => {
      const build = await rolldown({
        input: ENTRIES,
        platform: 'browser',
        logLevel: 'silent',
        plugins: [plugin.rolldown()],
      })
      await build.write(rollupOutput(folder))
      await build.close()
      return readBundles(folder)
    }),
  webpack: (plugin) =>
    inTemporaryFolder(async (folder) => {
      await compile(webpack({ ...webpackOptions(folder), plugins: [plugin.webpack()] })!)
      return readBundles(folder)
    }),
  Rspack: (plugin) =>
    inTemporaryFolder(async (folder) => {
      await compile(rspack({ ...webpackOptions(folder), plugins: [plugin.rspack()] }) as never)
      return readBundles(folder)
    }),
  esbuild: (plugin) =>
    inTemporaryFolder(async (folder) => {
      await esbuild.build({
        entryPoints: ENTRIES,
        outdir: folder,
        bundle: true,
        splitting: true,
        format: 'esm',
        logLevel: 'error',
        plugins: [plugin.esbuild()],
      })
      return readBundles(folder)
    }),
  Vite: (plugin) =>
    inTemporaryFolder(async (folder) => {
      await vite.build({
        root: join(app, 'vite'),
        configFile: false,
        logLevel: 'error',
        plugins: [plugin.vite()],
        worker: {
          format: 'es',
          rolldownOptions: { output: { entryFileNames: '[name].js' } },
        },
        build: {
          outDir: folder,
          assetsDir: '',
          minify: false,
          chunkSizeWarningLimit: 5000,
          rolldownOptions: { output: { entryFileNames: 'page.js' } },
        },
      })
      await rename(join(folder, SHARED_WORKER_FILE), join(folder, 'shared-worker.js'))
      return readBundles(folder)
    }),
}

/** What a browser loads from Vite's development server, and the dependencies that it knows before and after the workers start. */
export const servedByVite = async (plugin: Plugin) =>
  inTemporaryFolder(async (cacheDir) => {
    const server = await vite.createServer({
      root: join(app, 'vite'),
      configFile: false,
      logLevel: 'error',
      cacheDir,
      plugins: [plugin.vite()],
      worker: { format: 'es' },
      optimizeDeps: {
        include: ['livestore', 'adapter-web', 'adapter-web/worker', 'adapter-web/shared-worker'].map(
          (name) => `@livestore/${name}`,
        ),
      },
      server: { host: '127.0.0.1', port: 0, ws: false, hmr: false, watch: null },
    })
    try {
      await server.listen()
      const origin = server.resolvedUrls!.local[0]!
      const dependencies = () => Object.keys(server.environments.client.depsOptimizer!.metadata.optimized)
      const main = await servedModules(new URL('main.js', origin).href)
      const afterPage = dependencies()
      const worker = await servedModules(workerUrl(main, 'worker'))
      const sharedWorker = await servedModules(workerUrl(main, 'make-shared-worker'))
      return {
        bundles: { page: text(main), worker: text(worker), 'shared-worker': text(sharedWorker) } satisfies Bundles,
        dependencies: { afterPage, afterWorkers: dependencies() },
      }
    } finally {
      await server.close()
    }
  })

type Modules = ReadonlyMap<string, string>

const text = (modules: Modules): string => [...modules.values()].join('\n')

/** A module as a browser gets it, and all that it imports, by their addresses. */
const servedModules = async (entry: string): Promise<Modules> => {
  const modules = new Map<string, string>()
  const load = async (url: string): Promise<void> => {
    if (modules.has(url)) return
    modules.set(url, '')
    const response = await fetch(url, { headers: { accept: '*/*', 'sec-fetch-dest': 'script' } })
    if (!response.ok) throw new Error(`${url}: ${response.status}`)
    const code = await response.text()
    modules.set(url, code)
    const imports = [...code.matchAll(/^\s*(?:import|export)\b[^'"\n=(]*["'](\.{0,2}\/[^"'\n]+)["']/gm)]
    await Promise.all(imports.map(([, path]) => load(new URL(path!, url).href)))
  }
  await load(entry)
  return modules
}

/** The address of a worker, from the module that starts it. */
const workerUrl = (modules: Modules, name: string): string => {
  for (const [url, code] of modules) {
    const [, path] = code.match(new RegExp(`new (?:Shared)?Worker\\(\\s*["']([^"']*/${name}\\.js\\?[^"']*)["']`)) ?? []
    if (path !== undefined) return new URL(path, url).href
  }
  throw new Error(`No module starts ${name}.`)
}
