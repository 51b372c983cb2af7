export { type MemoryObject, type MemoryStore, memoryStore, type MemoryStoreOptions } from './memory-store.ts'
