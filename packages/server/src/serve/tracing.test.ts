import { expect, test } from 'vitest'
import { wantsTraces } from './tracing.ts'

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }

test.each([
  ['an endpoint', ENDPOINT, true],
  ['an endpoint of traces', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.example/v1/traces' }, true],
  ['no endpoint', { OTEL_SERVICE_NAME: 'reef' }, false],
  ['an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, false],
  ['OTEL_SDK_DISABLED', { ...ENDPOINT, OTEL_SDK_DISABLED: 'True' }, false],
  ['OTEL_SDK_DISABLED=false', { ...ENDPOINT, OTEL_SDK_DISABLED: 'false' }, true],
  ['OTEL_TRACES_EXPORTER=none', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, false],
  ['OTEL_TRACES_EXPORTER=otlp', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'otlp' }, true],
  ['the protocol that it speaks', { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, true],
  [
    'a protocol of traces over the common one',
    { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' },
    true,
  ],
])('with %s: %j gives %s', (_, env, wanted) => {
  expect(wantsTraces(env)).toBe(wanted)
})

test.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost' }, 'OTEL_EXPORTER_OTLP_ENDPOINT is no URL'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT is no URL'],
  [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL is grpc'],
  [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER is zipkin'],
])('refuses %j in one line', (env, message) => {
  expect(() => wantsTraces(env)).toThrow(message)
  expect(() => wantsTraces(env)).toThrow(/^[^\n]+\. Set [^\n]+\.$/)
})
