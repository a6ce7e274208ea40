import { type MonotonicMs, NEVER } from "../contract/time.ts";
import { Deadlines } from "./deadlines.ts";

/**
 * Deadlines of several kinds, each by a name: as one `Deadlines` with keys `kind/name`, which nobody has to make,
 * hash and take apart again at every look at a resource. A kind costs nothing until it has its first deadline.
 */
export class DeadlinesByKind<Kind extends string> {
  /** In the order in which those that are due at once are taken. */
  readonly #kinds: readonly Kind[];
  readonly #of: { [K in Kind]?: Deadlines | undefined } = {};

  /** `kinds` in alphabetical order. Throws where an entry, as `entries` gives them, is of none of them. */
  constructor(kinds: readonly Kind[], entries: Iterable<readonly [string, MonotonicMs]> = []) {
    this.#kinds = kinds;
    for (const [key, at] of entries) {
      const slash = key.indexOf("/");
      const kind = this.#kinds.find((each) => each === key.slice(0, slash));
      if (kind === undefined) throw new Error(`unknown deadline ${key}`);
      this.set(kind, key.slice(slash + 1), at);
    }
  }

  get(kind: Kind, name: string): MonotonicMs | undefined {
    return this.#of[kind]?.get(name);
  }

  /** Replaces a deadline; NEVER removes it. */
  set(kind: Kind, name: string, at: MonotonicMs): void {
    this.#of[kind] = (this.#of[kind] ?? Deadlines.of()).with(name, at);
  }

  delete(kind: Kind, name: string): void {
    this.#of[kind]?.delete(name);
    this.#dropEmpty(kind);
  }

  /** The earliest deadline, or NEVER. */
  earliest(): MonotonicMs {
    let earliest = NEVER;
    for (const kind of this.#kinds) earliest = Math.min(earliest, this.#of[kind]?.earliest() ?? NEVER);
    return earliest;
  }

  /** Removes and returns one that is due at `now`, earliest first, ties by kind, then by name; undefined when none is. */
  takeDue(now: MonotonicMs): readonly [kind: Kind, name: string] | undefined {
    const earliest = this.earliest();
    if (earliest > now) return undefined;
    const kind = this.#kinds.find((each) => this.#of[each]?.earliest() === earliest);
    const name = kind === undefined ? undefined : this.#of[kind]?.takeDue(now);
    if (kind === undefined || name === undefined) return undefined;
    this.#dropEmpty(kind);
    return [kind, name];
  }

  #dropEmpty(kind: Kind): void {
    if (this.#of[kind]?.size === 0) this.#of[kind] = undefined;
  }

  /** For dumps: every `kind/name` with its deadline, in the order of both. */
  entries(): [string, MonotonicMs][] {
    return this.#kinds.flatMap((kind) =>
      (this.#of[kind]?.entries() ?? []).map(([name, at]): [string, MonotonicMs] => [`${kind}/${name}`, at]),
    );
  }
}
