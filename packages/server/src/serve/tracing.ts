/** Traces, as far as the server knows them. `open-telemetry.ts` sends them to a collector; it is loaded only when it is asked for. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Environment } from '@rockpool/access'

export interface Span {
  /** 32 hex digits */
  readonly traceId: string
  /** A call to another part that this span waits for. */
  child(name: string): Span
  end(outcome: SpanOutcome): void
}

export interface SpanOutcome {
  /** replaces the name of the start, which may know less */
  readonly name?: string
  /** by OpenTelemetry's semantic conventions where these have a name */
  readonly attributes?: Readonly<Record<string, string | number>>
  /** class or code of a failure; undefined: none */
  readonly error?: string | undefined
}

export interface Tracer {
  /** The span of one request; its parent is the one of `traceparent`. */
  startRequest(name: string, headers: IncomingHttpHeaders): Span
  /** Sends what was not sent yet, for some seconds at most. */
  close(): Promise<void>
}

/** Of https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const
const PROTOCOLS = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'] as const
const PROTOCOL = 'http/protobuf'

const valueOf = (env: Environment, names: readonly string[]): { name: string; value: string } | undefined => {
  for (const name of names) {
    const value = env[name]?.trim()
    if (value) return { name, value }
  }
  return undefined
}

/**
 * Whether the environment asks for traces: an endpoint of a collector is set, and nothing turns them off.
 *
 * @throws Error of one line about a variable that cannot be obeyed
 */
export const wantsTraces = (env: Environment): boolean => {
  const endpoint = valueOf(env, ENDPOINTS)
  if (endpoint === undefined || env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return false
  const exporter = valueOf(env, ['OTEL_TRACES_EXPORTER'])?.value ?? 'otlp'
  if (exporter === 'none') return false
  if (exporter !== 'otlp') {
    throw new Error(`OTEL_TRACES_EXPORTER is ${exporter}, which this server does not have. Set otlp or none.`)
  }
  const { protocol } = URL.canParse(endpoint.value) ? new URL(endpoint.value) : { protocol: '' }
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new Error(`${endpoint.name} is no URL. Set one such as http://127.0.0.1:4318.`)
  }
  const wanted = valueOf(env, PROTOCOLS)
  if (wanted !== undefined && wanted.value !== PROTOCOL) {
    throw new Error(`${wanted.name} is ${wanted.value}, which this server does not speak. Set ${PROTOCOL}.`)
  }
  return true
}

/**
 * @param env the one of this process: OpenTelemetry's packages read the rest of its variables themselves
 * @param onError what the operator has to know: one line
 * @returns undefined when the environment asks for none
 * @throws Error of one line about a variable that cannot be obeyed
 */
export const openTracer = async (env: Environment, onError: (message: string) => void): Promise<Tracer | undefined> => {
  if (!wantsTraces(env)) return undefined
  const { createTracer } = await import('./open-telemetry.ts')
  return createTracer(onError)
}
