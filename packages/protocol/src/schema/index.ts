/** Effect Schemas of the signer HTTP contract, v1: they validate, and describe it as JSON Schema. */
export * from './access.ts'
export * from './responses.ts'
export * from './fields.ts'
export * from './requests.ts'
