import { expect, it } from 'vitest'
import { statement } from '../../../read-model/query.ts'
import { toStoreStatement } from './store-query.ts'

const OPERATIONS =
  'operations AS NOT MATERIALIZED (SELECT op_id AS opId, seq_num AS seqNum FROM rockpool.operations WHERE store_id = $1)'
const LOG =
  'log AS NOT MATERIALIZED (SELECT store_id AS storeId, backend_id AS backendId FROM rockpool.logs WHERE store_id = $1)'

it.each<[string, string, string]>([
  ['one table', 'SELECT opId FROM operations', `WITH ${OPERATIONS} SELECT opId FROM operations`],
  [
    'values, in their order, behind the store',
    'SELECT 1 FROM operations WHERE opId = ? AND seqNum > ?',
    `WITH ${OPERATIONS} SELECT 1 FROM operations WHERE opId = $2 AND seqNum > $3`,
  ],
  [
    'a list of keys',
    'SELECT 1 FROM operations WHERE opId IN (SELECT value FROM json_each(?))',
    `WITH ${OPERATIONS} SELECT 1 FROM operations WHERE opId IN (SELECT value FROM json_array_elements_text($2::text::json))`,
  ],
  [
    'two tables, one of them twice',
    'SELECT 1 FROM log JOIN operations ON seqNum IN (SELECT seqNum FROM operations)',
    `WITH ${LOG}, ${OPERATIONS} SELECT 1 FROM log JOIN operations ON seqNum IN (SELECT seqNum FROM operations)`,
  ],
  [
    'an expression of its own, which is no table',
    'WITH page AS (SELECT opId FROM operations) SELECT 1 FROM page',
    `WITH ${OPERATIONS}, page AS (SELECT opId FROM operations) SELECT 1 FROM page`,
  ],
])('narrows to the store: %s', (_, sql, text) => {
  expect(toStoreStatement(statement(sql, 'a'), 'shop')).toEqual({ text, values: ['shop', 'a'] })
})
