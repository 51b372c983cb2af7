/** `/openapi.json`: the contract as OpenAPI 3.1, made of the schemas that validate. */
import { WIRE_ERRORS } from '@rockpool/protocol'
import * as schema from '@rockpool/protocol/schema'
import * as JSONSchema from 'effect/JSONSchema'
import * as Schema from 'effect/Schema'
import { ArtifactPage } from './artifacts.ts'

/** The document. Made once. */
export const openapi = (): object => (made ??= make())
let made: object | undefined

const make = () => ({
  openapi: '3.1.0',
  info: { title: 'Rockpool signer', version: '1', description: 'Decides who may, and mints presigned URLs.' },
  components: {
    securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    responses: { Error: json(schema.WireErrorResponse, `Codes and their statuses: ${JSON.stringify(WIRE_ERRORS)}`) },
  },
  security: [{ token: [] }],
  paths: {
    '/health': { get: open('The process is up. Touches no storage.', { 200: { description: '{ ok: true }' } }) },
    '/ready': {
      get: open('The storage answers. Asked of it every 5 s at most.', {
        200: { description: '{ ok, store }' },
        503: { description: '{ ok: false, store }' },
      }),
    },
    '/openapi.json': { get: open('This document.', { 200: { description: 'OpenAPI 3.1' } }) },
    '/download-url': {
      get: { ...operation('A presigned GET.', schema.DownloadUrl), parameters: query(schema.DownloadUrlQuery) },
    },
    '/download-urls': { post: post('Presigned GETs.', schema.DownloadUrlsRequest, schema.DownloadUrls) },
    '/upload-url': {
      post: post('A presigned PUT of a content of one part.', schema.UploadUrlRequest, schema.UploadUrl),
    },
    '/upload-urls': { post: post('Presigned PUTs.', schema.UploadUrlsRequest, schema.UploadUrls) },
    '/multipart': {
      post: post('Starts or resumes an upload in parts.', schema.MultipartRequest, schema.MultipartUpload),
    },
    '/multipart/parts': { post: post('Presigned PUTs of parts.', schema.MultipartPartsRequest, schema.MultipartParts) },
    '/multipart/complete': {
      post: post('Makes the content of its parts.', schema.MultipartCompleteRequest, schema.StoredContent),
    },
    '/multipart/abort': {
      post: {
        ...post('Drops an upload.', schema.MultipartAbortRequest),
        responses: { 204: { description: 'Gone.' }, ...failed },
      },
    },
    '/objects': {
      delete: {
        ...gone('Removes a content for good.'),
        parameters: [parameter('key', 'query', schema.RemoteKey, true)],
      },
    },
    '/objects/{key}': {
      parameters: [parameter('key', 'path', schema.RemoteKey, true)],
      get: { ...bytes('The content; Range. By signed query or token.'), security: signedOrToken },
      head: { ...bytes('Its size, type and ETag.'), security: signedOrToken },
      put: { ...bytes('Stores a content or a part, once. By signed query or token.'), security: signedOrToken },
      delete: gone('Removes a content for good.'),
    },
    '/artifacts': {
      get: {
        ...operation('A page of the artifacts of a request.', ArtifactPage),
        parameters: [
          parameter('prefix', 'query', Schema.String, true),
          parameter('cursor', 'query', Schema.String, false),
        ],
      },
    },
    '/artifacts/{key}': {
      parameters: [
        parameter('key', 'path', Schema.String, true),
        parameter('uploadId', 'query', schema.UploadId, false),
        parameter('partNumber', 'query', schema.PartNumber, false),
      ],
      get: bytes('The artifact; Range.'),
      head: bytes('Its size, type and ETag.'),
      put: bytes('Stores a whole artifact, or a part of an upload.'),
      post: bytes('Starts an upload in parts (?uploads), or completes one (?uploadId).'),
      delete: gone('Removes the artifact, or aborts an upload.'),
    },
    '/public/{key}': {
      parameters: [
        parameter('key', 'path', schema.RemoteKey, true),
        parameter('type', 'query', schema.MediaType, false),
      ],
      get: open('To a fresh presigned GET, in public buckets.', { 302: { description: 'Found' }, ...failed }),
    },
  },
})

const failed = { default: { $ref: '#/components/responses/Error' } }
const signedOrToken = [{}, { token: [] }]

const json = (shape: Schema.Schema.All, description: string) => ({
  description,
  content: { 'application/json': { schema: jsonSchema(shape) } },
})
const operation = (summary: string, answer: Schema.Schema.All) => ({
  summary,
  responses: { 200: json(answer, 'OK'), ...failed },
})
const post = (summary: string, request: Schema.Schema.All, answer: Schema.Schema.All = request) => ({
  ...operation(summary, answer),
  requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(request) } } },
})
const open = (summary: string, responses: object) => ({ summary, security: [], responses })
const gone = (summary: string) => ({ summary, responses: { 204: { description: 'Gone.' }, ...failed } })
const bytes = (summary: string) => ({ summary, responses: { '2XX': { description: 'OK' }, ...failed } })

const parameter = (name: string, place: 'query' | 'path', shape: Schema.Schema.All, required: boolean) => ({
  name,
  in: place,
  required,
  schema: jsonSchema(shape),
})

/** The fields of a query as parameters. */
const query = (shape: Schema.Schema.All) => {
  const { properties = {}, required = [] } = jsonSchema(shape) as { properties?: object; required?: string[] }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

/** JSON Schema with its definitions inside, since each one stands alone in the document. */
const jsonSchema = (shape: Schema.Schema.All): object => {
  const { $defs = {}, ...root } = JSONSchema.make(shape as Schema.Schema<unknown>)
  return inlined({ ...root, $schema: undefined }, $defs) as object
}

const inlined = (value: unknown, definitions: Record<string, unknown>): unknown => {
  if (Array.isArray(value)) return value.map((item) => inlined(item, definitions))
  if (typeof value !== 'object' || value === null) return value
  const reference = (value as { $ref?: string }).$ref
  if (reference !== undefined)
    return inlined(definitions[decodeURIComponent(reference.slice('#/$defs/'.length))], definitions)
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, inlined(item, definitions)]))
}
