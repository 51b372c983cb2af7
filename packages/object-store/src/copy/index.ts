export { type CopyOptions, type CopyProgress, copyStore } from './copy-store.ts'
export { openLocation, readLocation } from './location.ts'
export { progressLine, summary } from './progress-line.ts'
