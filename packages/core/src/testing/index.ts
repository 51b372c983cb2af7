/** Acceptance suites of the ports, for every adapter, and the in-memory adapters. */
export {}
