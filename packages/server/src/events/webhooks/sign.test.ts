import { expect, it } from 'vitest'
import { signatureHeaders } from './sign.ts'

// The example of the specification's reference libraries.
const KEY = new Uint8Array(Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'))
const MESSAGE = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330, body: '{"test": 2432232314}' }
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

it('is the signature of the Standard Webhooks libraries', () => {
  expect(signatureHeaders([KEY], MESSAGE)).toEqual({
    'webhook-id': MESSAGE.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': SIGNATURE,
  })
})

it('has one signature per key while a secret is rotated', () => {
  const former = new Uint8Array(32).fill(1)
  const { 'webhook-signature': signature } = signatureHeaders([former, KEY], MESSAGE)
  expect(signature!.split(' ')).toEqual([expect.stringMatching(/^v1,.{44}$/), SIGNATURE])
})
