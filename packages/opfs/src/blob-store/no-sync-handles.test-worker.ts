/** For tests: the worker as it runs in WebKitGTK 2.50, where a sync access handle fails, and its file stays locked. */
import './worker.ts'

const locked = new Set<string>()

const { createWritable } = FileSystemFileHandle.prototype
Object.assign(FileSystemFileHandle.prototype, {
  createSyncAccessHandle(this: FileSystemFileHandle) {
    locked.add(this.name)
    return Promise.reject(new DOMException('Backend does not support this operation', 'NotSupportedError'))
  },
  createWritable(this: FileSystemFileHandle, ...args: Parameters<typeof createWritable>) {
    return locked.has(this.name)
      ? Promise.reject(new DOMException('The object is in an invalid state.', 'InvalidStateError'))
      : createWritable.apply(this, args)
  },
})
