/** For Vitest's project `conformance`: an S3 to test against, unless the environment names one already. */
import { startCeph } from './ceph.ts'

export default async () => {
  if (process.env.ROCKPOOL_TEST_S3_ENDPOINT) return
  const ceph = await startCeph()
  // Test workers start later and inherit this.
  Object.assign(process.env, ceph.env)
  return ceph.stop
}
