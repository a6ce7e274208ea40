/**
 * One way over the links that `slowLinks.ts` makes: long enough that the work of twenty agents on a busy machine is
 * small against it, short enough that no wait of an agent runs out.
 */
export const oneWayMs = 50;
