export { opfsBlobStoreDirect } from './blob-store/direct.ts'
export { opfsBlobStore } from './blob-store/opfs-blob-store.ts'
export { indexedDbIndex } from './index/indexed-db-index.ts'
export { legacyFolder, type LegacyFolderOptions } from './legacy-folder/legacy-folder.ts'
