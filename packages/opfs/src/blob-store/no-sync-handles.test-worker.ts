/** For tests: the worker as it runs where there are no sync access handles (WebKitGTK 2.50). */
import './worker.ts'

Reflect.deleteProperty(FileSystemFileHandle.prototype, 'createSyncAccessHandle')
