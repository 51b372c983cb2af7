/** `npm run test:long`: tests run at full size. `npm test` runs the long ones at a size that takes a minute or two. */
export const IS_LONG = process.env.ROCKPOOL_LONG === '1'
