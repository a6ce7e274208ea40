import type { AgentId } from "@antibody/policy";
import type { IgnoredKind } from "../../ports.ts";
import { ignoredKindsMax } from "../limits.ts";

/** What every further kind counts as, once `ignoredKindsMax` are told apart. */
const others = "others";

/** What peers of newer builds said and this one does not know, by kind. */
export class Ignored {
  readonly #kinds = new Map<string, { readonly from: AgentId; count: number }>();

  /** Counts one; true where this kind was not heard before. */
  add(from: AgentId, kind: string): boolean {
    const name = this.#kinds.has(kind) || this.#kinds.size < ignoredKindsMax - 1 ? kind : others;
    const known = this.#kinds.get(name);
    if (known === undefined) this.#kinds.set(name, { from, count: 1 });
    else known.count += 1;
    return known === undefined;
  }

  /** All of them, in the order in which they were first heard, with who said it first. */
  list(): readonly IgnoredKind[] {
    return [...this.#kinds].map(([kind, { from, count }]) => ({ kind, from, count }));
  }
}
