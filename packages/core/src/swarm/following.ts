import type { Turn } from "../contract/turn.ts";
import type { SwarmParts } from "./parts.ts";

/** Carries what was found of peers to those who vote on it and who tell it. True if anything was found. */
export function followFindings(parts: SwarmParts, turn: Turn): boolean {
  const { probing, accusing, own, reporting, secondLooks } = parts;
  const found = probing.findings.takeFound();
  for (const one of found) {
    if (one.type === "reconnected") {
      own.reappear(turn);
      secondLooks.lookThrough(turn);
      continue;
    }
    if (one.type === "lost") accusing.lost(one.watch, one.vote, turn);
    else accusing.returned(one.watch.agent);
    reporting.weigh(one.watch.agent, turn);
  }
  return found.length > 0;
}

/** Follows the word of others on who is out of reach, or back. True if deadlines moved. */
export function followWords(parts: SwarmParts, turn: Turn): boolean {
  const { secondLooks, wayfinding, missing, reporting } = parts;
  const looksMoved = secondLooks.follow(turn);
  const hasMoved = wayfinding.follow(turn) || looksMoved;
  if (!missing.hasReturned()) return hasMoved;
  secondLooks.lookSoon(turn);
  reporting.beQuiet(turn);
  reporting.weighAll(turn);
  return true;
}

/** Observers have changed: the votes and words on those whom that concerns are counted again. */
export function countAgain(parts: SwarmParts, turn: Turn): void {
  const { observers, votes, missing, accusing, reporting } = parts;
  const concerned = observers.takeConcerned([...votes.subjects(), ...missing.subjects()]);
  accusing.retally(concerned, turn);
  missing.recountConcerned(concerned, turn);
  reporting.weighAll(turn);
}
