/** One S3 bucket of one vendor: how to reach it, with which credentials. */
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
import { ANSWER_WITHIN, sendWithin } from './deadline.ts'
import { type Presign, presigner } from './presign.ts'
import { asStoreError } from './s3-errors.ts'
import { timeOfS3 } from './time-of-s3.ts'

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
   * ms in which S3 has to begin an answer, all attempts and waits between them included, else the call fails with
   * `unavailable`; 20,000 when not given. A body that travels, to S3 or from it, has its own time
   */
  readonly answerWithin?: number | undefined
}

/** Any command of the SDK, with what it answers. */
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
}

/** Prepares the connection; sends nothing. @throws ObjectStoreError `misconfigured` */
export const connect = (options: S3Options): S3Connection => {
  const client = new S3Client(configOf(options))
  const ask = sendWithin(client, options.answerWithin ?? ANSWER_WITHIN)
  const inTime = timeOfS3(ask, options.bucket)
  return {
    client,
    Bucket: options.bucket,
    presign: presigner(client, options, inTime),
    presignPublic: presigner(client, { ...options, endpoint: options.publicEndpoint ?? options.endpoint }, inTime),
    send: async (command, signal) => {
      throwIfAborted(signal)
      try {
        await inTime()
        return await ask(command, signal)
      } catch (error) {
        throwIfAborted(signal)
        throw asStoreError(error)
      }
    },
  }
}

/** Connections at once. With the SDK's 50, fifty readers who take their time would keep all others waiting. */
const MOST_SOCKETS = 1000

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
    // Else the SDK adds a CRC32 of its own, which vendors refuse and nobody asked for.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // What the SDK would print is in the errors it throws.
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    // One attempt (see deadline.ts for all of them): 5 s to connect, 30 s without a byte. On Workers the SDK sends by
    // `fetch`, and can only be told how long to wait for the beginning of an answer.
    requestHandler: onWorkers()
      ? { requestTimeout: 30_000 }
      : {
          connectionTimeout: 5000,
          socketTimeout: 30_000,
          httpAgent: { maxSockets: MOST_SOCKETS },
          httpsAgent: { maxSockets: MOST_SOCKETS },
        },
  }
}

const onWorkers = (): boolean => globalThis.navigator?.userAgent === 'Cloudflare-Workers'
