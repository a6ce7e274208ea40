interface Planned {
  readonly atMs: number;
  readonly run: () => void;
}

/** What is to happen, in order of time; at one time, in the order in which it was planned. */
export class Agenda {
  readonly #planned: Planned[] = [];

  add(atMs: number, run: () => void): void {
    const planned = { atMs, run };
    let index = this.#planned.length;
    while (index > 0 && (this.#planned[index - 1] as Planned).atMs > atMs) index -= 1;
    this.#planned.splice(index, 0, planned);
  }

  /** The next thing until a time, which is done by that. */
  take(untilMs: number): Planned | undefined {
    const next = this.#planned[0];
    return next === undefined || next.atMs > untilMs ? undefined : this.#planned.shift();
  }
}
