/** The PortalsJS surface, and what PortalsJS itself reaches on machines like ours. */

/** One event per atom around a cycle. */
export const PORTALSJS_HOPS_PER_SECOND = 13_000;
/** Map, filter, key and state. */
export const PORTALSJS_EVENTS_PER_SECOND = 230_000;

