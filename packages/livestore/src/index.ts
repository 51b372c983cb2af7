export { liveStoreLog, type LiveStoreLogOptions } from './log/live-store-log.ts'
export { rockpoolEvents } from './records/events.ts'
export { rockpoolMaterializers } from './records/materializers.ts'
export { rockpoolTables } from './records/tables.ts'
