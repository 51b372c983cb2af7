import { describe, expect, test } from 'vitest'
import { readEnvironment } from './environment.ts'

const KEYS = { ARTIFACT_ACCESS_KEY: 'AKIA', ARTIFACT_SECRET_KEY: 'secret value' }

describe('readEnvironment', () => {
  test('needs only the keys: the rest has defaults', () => {
    expect(readEnvironment({ ...KEYS, ARTIFACT_REGION: ' ' })).toEqual({
      s3: { endpoint: undefined, region: 'us-east-1', accessKey: 'AKIA', secretKey: 'secret value' },
      bucket: 'fave-artifacts',
    })
  })

  test('reads all of them', () => {
    const env = {
      ...KEYS,
      ARTIFACT_ENDPOINT: 'https://s3.example',
      ARTIFACT_REGION: 'eu-west-1',
      ARTIFACT_BUCKET: 'my-bucket',
    }
    expect(readEnvironment(env)).toEqual({
      s3: { endpoint: 'https://s3.example', region: 'eu-west-1', accessKey: 'AKIA', secretKey: 'secret value' },
      bucket: 'my-bucket',
    })
  })

  test('with a token, the endpoint is a server', () => {
    const env = { ARTIFACT_ENDPOINT: 'https://files.example/signer', ARTIFACT_TOKEN: 'jwt' }
    expect(readEnvironment(env)).toEqual({
      server: { url: 'https://files.example/signer', token: 'jwt' },
      bucket: 'fave-artifacts',
    })
  })

  test.for([
    [{}, 'ARTIFACT_ACCESS_KEY'],
    [{ ARTIFACT_ACCESS_KEY: 'AKIA' }, 'ARTIFACT_SECRET_KEY'],
    [{ ...KEYS, ARTIFACT_ENDPOINT: 's3.example' }, 'ARTIFACT_ENDPOINT'],
    [{ ...KEYS, ARTIFACT_ENDPOINT: 'ftp://s3.example' }, 'ARTIFACT_ENDPOINT'],
    [{ ...KEYS, ARTIFACT_ENDPOINT: 'https://user:secret value@s3.example' }, 'ARTIFACT_ENDPOINT'],
    [{ ...KEYS, ARTIFACT_REGION: 'EU West' }, 'ARTIFACT_REGION'],
    [{ ...KEYS, ARTIFACT_BUCKET: 'No' }, 'ARTIFACT_BUCKET'],
    [{ ...KEYS, ARTIFACT_TOKEN: 'secret value' }, 'ARTIFACT_TOKEN'],
    [{ ARTIFACT_TOKEN: 'secret value' }, 'ARTIFACT_ENDPOINT'],
  ] as const)('%j is refused by one line that names %s, and no value', ([env, name]) => {
    const read = () => readEnvironment(env)
    expect(read).toThrow(
      expect.objectContaining({ code: 'bad_settings', message: expect.stringMatching(`^${name}: `) }),
    )
    expect(read).not.toThrow(/secret value|\n/)
  })
})
