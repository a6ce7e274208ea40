import type { AgentId } from "@antibody/policy";
import type { Snapshot } from "../../contract/snapshot.ts";
import type { Sighting } from "../../contract/statements.ts";
import { RareMap } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import { retractorsMax } from "../../limits.ts";
import { isAfter } from "../cases.ts";

type Sequence = Sighting["sequence"];

/**
 * Observers that said that somebody is there after all, and when in the order of their words. What they said before that
 * may come later: it lay in a session that a partition had silenced, and nobody here holds what it was taken back from.
 */
export class Retractions {
  /** By observer. */
  #last: RareMap<AgentId, Sequence>;

  constructor(snapshot?: Snapshot) {
    this.#last = RareMap.of(
      snapshot === undefined ? [] : recall<readonly (readonly [AgentId, Sequence])[]>(snapshot),
    );
  }

  dump(): Snapshot {
    return keep([...this.#last]);
  }

  /**
   * Whether a word is older than one by which its observer took another back. That may have been of another subject: then
   * one word is lost of several, and its observer says it again before it expires.
   */
  outdates({ observer, sequence, finding }: Sighting): boolean {
    const last = this.#last.get(observer);
    return finding === "missing" && last !== undefined && isAfter(last, sequence);
  }

  /** A word came. */
  note({ observer, sequence, finding }: Sighting): void {
    if (finding !== "present") return;
    const last = this.#last.get(observer);
    if (last !== undefined && !isAfter(sequence, last)) return;
    if (last === undefined && this.#last.size >= retractorsMax) this.#forgetFirst();
    this.#last = this.#last.with(observer, sequence);
  }

  /** Who came first has had the longest for its older words to come. */
  #forgetFirst(): void {
    for (const [observer] of this.#last) {
      this.#last.delete(observer);
      return;
    }
  }
}
