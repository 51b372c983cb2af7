/** The connection to one S3 bucket: endpoint, credentials, timeouts. */
import {
  type $Command,
  S3Client,
  type S3ClientConfig,
  type S3ClientResolvedConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-s3'
import { ObjectStoreError } from '../errors.ts'
import { throwIfAborted } from '../exact-body.ts'
import { RESPONSE_TIMEOUT_MS, sendWithTimeout } from './response-timeout.ts'
import { type Presign, presigner } from './presign.ts'
import { asStoreError } from './s3-errors.ts'
import { clockSkewCorrection } from './clock-skew.ts'
import { type ServerClock, serverClock } from './server-clock.ts'

export interface S3Options {
  /** the vendor's URL; AWS when not given */
  readonly endpoint?: string | undefined
  /** the same vendor as browsers reach it, in signed URLs only; `endpoint` when not given */
  readonly publicEndpoint?: string | undefined
  readonly region: string
  /** the S3 bucket's name */
  readonly bucket: string
  /** both or none; none: the SDK's default chain (environment, profile, role of the machine, container or pod) */
  readonly accessKey?: string | undefined
  readonly secretKey?: string | undefined
  readonly sessionToken?: string | undefined
  /** `<endpoint>/<bucket>/<key>` instead of `<bucket>.<endpoint>/<key>` */
  readonly forcePathStyle?: boolean | undefined
  /**
   * ms for S3 to start a response, all attempts and the waits in between included; a call that takes longer fails with
   * `unavailable`. 20,000 when not given. Transferring a body, to S3 or from it, has its own timeout
   */
  readonly responseTimeoutMs?: number | undefined
}

/** Any command of the SDK, with its output. */
export type S3Command<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = $Command<
  Input,
  Output,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>

export interface S3Connection {
  readonly client: S3Client
  readonly Bucket: string
  /** `client.send` with a deadline and the store's errors */
  readonly send: <Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: S3Command<Input, Output>,
    signal?: AbortSignal,
  ) => Promise<Output>
  /** URLs for this process, on `endpoint` */
  readonly presign: Presign
  /** URLs for browsers, on `publicEndpoint` */
  readonly presignPublic: Presign
  readonly clock: ServerClock
}

/** Prepares the connection; sends nothing. @throws ObjectStoreError `misconfigured` */
export const connect = (options: S3Options): S3Connection => {
  const client = new S3Client(configOf(options))
  const server = serverOf(options)
  const ask = sendWithTimeout(client, options.responseTimeoutMs ?? RESPONSE_TIMEOUT_MS, server)
  const correctClockSkew = clockSkewCorrection(ask, options.bucket)
  return {
    client,
    clock: serverClock(client),
    Bucket: options.bucket,
    presign: presigner(client, options, correctClockSkew),
    presignPublic: presigner(
      client,
      { ...options, endpoint: options.publicEndpoint ?? options.endpoint },
      correctClockSkew,
    ),
    send: async (command, signal) => {
      throwIfAborted(signal)
      try {
        await correctClockSkew()
        return await ask(command, signal)
      } catch (error) {
        throwIfAborted(signal)
        throw asStoreError(error, server)
      }
    },
  }
}

/** For the operator. Without a path or a user, which may be secret. */
const serverOf = ({ endpoint, region }: S3Options): string =>
  endpoint === undefined ? `AWS S3 in ${region}` : `S3 at ${new URL(endpoint).origin}`

/** Parallel connections. With the SDK's default of 50, fifty slow readers would block all others. */
const MAX_SOCKETS = 1000

const configOf = (options: S3Options): S3ClientConfig => {
  const { endpoint, publicEndpoint, region, accessKey, secretKey, sessionToken, forcePathStyle = false } = options
  if ([endpoint, publicEndpoint].some((each) => each !== undefined && !URL.canParse(each))) {
    throw new ObjectStoreError('misconfigured', 'The S3 endpoint is not a URL. Give one such as "https://s3.example".')
  }
  if ((accessKey === undefined) !== (secretKey === undefined)) {
    throw new ObjectStoreError('misconfigured', 'Give both S3 keys, the access key and the secret key, or none.')
  }
  return {
    region,
    forcePathStyle,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKey === undefined || secretKey === undefined
      ? {}
      : { credentials: { accessKeyId: accessKey, secretAccessKey: secretKey, ...(sessionToken && { sessionToken }) } }),
    // By default the SDK adds a CRC32, which some vendors refuse.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // The errors contain all that the SDK would log.
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    // Per attempt (response-timeout.ts limits all of them): 5 s to connect, 30 s without a byte. On Workers the SDK uses
    // `fetch`, which only supports a timeout for the start of the response.
    requestHandler: onWorkers()
      ? { requestTimeout: 30_000 }
      : {
          connectionTimeout: 5000,
          socketTimeout: 30_000,
          httpAgent: { maxSockets: MAX_SOCKETS },
          httpsAgent: { maxSockets: MAX_SOCKETS },
        },
  }
}

const onWorkers = (): boolean => globalThis.navigator?.userAgent === 'Cloudflare-Workers'
