/** Lists as Postgres reads them: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */

/** Every element in quotes, so that no text is taken for NULL or for a part of the list. */
export const arrayLiteral = (values: readonly (string | number | null)[]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : `"${String(value).replaceAll(/["\\]/g, String.raw`\$&`)}"`)).join(',')}}`
