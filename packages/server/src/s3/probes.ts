/** What the doctor's checks have in common. */
import type { Presigned } from '@rockpool/object-store'

/** `fail`: do not use this bucket; `warn`: works, with the drawback in `detail`. */
export interface Check {
  readonly name: string
  readonly verdict: 'ok' | 'warn' | 'fail'
  readonly detail: string
}

export type Report = (name: string, verdict: Check['verdict'], detail: string) => void

/** Under `tmp/`, where lifecycle clears what a killed doctor leaves. */
export const probeKey = (): string => `tmp/doctor-${crypto.randomUUID()}`

/** Uploads as signed, with `other` headers added or in their place. */
export const send = async (
  { url, headers }: Presigned,
  body: Uint8Array<ArrayBuffer>,
  other: Record<string, string> = {},
): Promise<Response> => {
  const response = await fetch(url, { method: 'PUT', body, headers: { ...headers, ...other } })
  await response.body?.cancel()
  return response
}

/** Reads what a signed URL names, without its signature. */
export const readAnonymously = async (signed: string): Promise<Response> => {
  const url = new URL(signed)
  url.search = ''
  const response = await fetch(url)
  await response.body?.cancel()
  return response
}
