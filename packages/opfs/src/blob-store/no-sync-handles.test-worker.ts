/** For tests: the worker as it runs where there are no sync access handles (WebKitGTK 2.50). */
export {}

Reflect.deleteProperty(FileSystemFileHandle.prototype, 'createSyncAccessHandle')
await import('./worker.ts')
