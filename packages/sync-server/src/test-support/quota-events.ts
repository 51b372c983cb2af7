/** Quota of the test Worker: more than any case of the suite stores. A module of its own: a Worker exports handlers only. */
export const QUOTA_EVENTS = 3_000
