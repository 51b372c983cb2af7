/** Spans to an OpenTelemetry collector, by OTLP over HTTP. Loaded only when the environment names one: see `openTracer`. */
import {
  type Context,
  defaultTextMapGetter,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { VERSION } from '../version.ts'
import type { Span, Tracer } from './tracing.ts'

/** A collector that is down must not keep the server from ending. */
const CLOSE_MS = 5_000

/** The packages read `OTEL_EXPORTER_OTLP_*`, `OTEL_BSP_*`, `OTEL_TRACES_SAMPLER` and `OTEL_SPAN_*_LIMIT` from the environment. */
export const createTracer = (onError: (message: string) => void): Tracer => {
  const report = (message: string) => onError(message.replace(/\s*\n\s*/g, ' '))
  const quiet = () => {}
  diag.setLogger(
    { error: report, warn: report, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  setGlobalErrorHandler((error) => report(error instanceof Error ? error.message : String(error)))
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'rockpool-server', 'service.version': VERSION }))
    .merge(detectResources({ detectors: [envDetector] }))
  const spanProcessors = [new BatchSpanProcessor(new OTLPTraceExporter())]
  const provider = new BasicTracerProvider({ resource, spanProcessors })
  const tracer = provider.getTracer('rockpool-server', VERSION)
  const propagator = new W3CTraceContextPropagator()

  const start = (name: string, kind: SpanKind, parent: Context): Span => {
    const span = tracer.startSpan(name, { kind }, parent)
    return toSpan(span, (child) => start(child, SpanKind.CLIENT, trace.setSpan(parent, span)))
  }

  return {
    startRequest: (name, headers) =>
      start(name, SpanKind.SERVER, propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter)),
    close: async () => {
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, CLOSE_MS)
      await Promise.race([late, provider.shutdown().catch((error: unknown) => report(String(error)))])
      clearTimeout(timer)
    },
  }
}

const toSpan = (span: OtelSpan, child: Span['child']): Span => ({
  traceId: span.spanContext().traceId,
  child,
  end: ({ name, attributes = {}, error }) => {
    if (name !== undefined) span.updateName(name)
    span.setAttributes(attributes)
    if (error !== undefined) {
      span.setAttribute('error.type', error)
      span.setStatus({ code: SpanStatusCode.ERROR })
    }
    span.end()
  },
})
