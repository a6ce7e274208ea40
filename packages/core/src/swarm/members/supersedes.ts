import type { Incarnation } from "../../contract/statements.ts";
import { compareIncarnation } from "../../enrolment/incarnation.ts";

/** What a statement says of its subject: the subject's own word, or `dead`, which a quorum says. */
export type Standing = "alive" | "dead" | "away" | "left";

/** A statement about one subject, as far as precedence goes. */
export interface Statement {
  readonly standing: Standing;
  readonly incarnation: Incarnation;
}

/**
 * Which standing takes the place of which (columns) within one incarnation. Between incarnations the newer one
 * always wins, so a subject refutes anything by raising its own.
 *
 * `dead` beats `alive`: it is what a quorum says of that very incarnation. It does not beat `away` and `left`:
 * who said goodbye is not missed. An honest subject never says two things in one incarnation; the rest of the
 * table only makes all agents choose the same one.
 */
const winsOver: { readonly [next in Standing]: { readonly [known in Standing]: boolean } } = {
  alive: { alive: false, dead: false, away: false, left: false },
  dead: { alive: true, dead: false, away: false, left: false },
  away: { alive: true, dead: true, away: false, left: false },
  left: { alive: true, dead: true, away: true, left: false },
};

/** Whether `next` takes the place of `known`. Never both ways round, and never for equal statements. */
export function supersedes(next: Statement, known: Statement): boolean {
  const order = compareIncarnation(next.incarnation, known.incarnation);
  return order === 0 ? winsOver[next.standing][known.standing] : order > 0;
}
