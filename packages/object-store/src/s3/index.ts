export { connect as connectS3, type S3Connection } from './connection.ts'
export { openS3Store, type S3Store, type S3StoreOptions } from './s3-store.ts'
