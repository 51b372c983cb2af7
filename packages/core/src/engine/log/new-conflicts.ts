import type { FileVersion } from '../../records/record.ts'

/**
 * The versions that the events `opIds` marked as conflicts. The replacing event marks the version. Pure.
 *
 * @param versions of one file, newest first
 */
export const newConflicts = (versions: readonly FileVersion[], opIds: ReadonlySet<string>): readonly FileVersion[] =>
  versions.filter(({ conflict }, i) => conflict && i > 0 && opIds.has(versions[i - 1]!.id))
