/** What an observer's verdict is worth: the subject's process is gone, is there, or was never started. */
export type Truth = "gone" | "there" | "absent";

/**
 * Who holds whom dead, one bit for each pair, and the counts that follow from it. An observer's verdicts count towards
 * its subjects only while it runs.
 */
export class Holders {
  /** Verdicts of running observers, by subject. */
  readonly count: Int32Array;
  /** Subjects that an observer rightly holds dead, and wrongly. */
  readonly rightly: Int32Array;
  readonly wrongly: Int32Array;
  readonly #agents: number;
  readonly #bits: (Uint8Array | undefined)[];
  readonly #counts: Uint8Array;
  /** Verdicts of all observers, by subject: where there are none, nobody has to be looked for. */
  readonly #all: Int32Array;
  readonly #truth: Truth[];

  constructor(agents: number) {
    this.#agents = agents;
    this.count = new Int32Array(agents);
    this.rightly = new Int32Array(agents);
    this.wrongly = new Int32Array(agents);
    this.#bits = new Array<Uint8Array | undefined>(agents).fill(undefined);
    this.#counts = new Uint8Array(agents);
    this.#all = new Int32Array(agents);
    this.#truth = new Array<Truth>(agents).fill("absent");
  }

  /** True when the observer had not held the subject dead before. */
  hold(observer: number, subject: number): boolean {
    const bits = this.#bitsOf(observer);
    if (has(bits, subject)) return false;
    bits[subject >> 3] = (bits[subject >> 3] as number) | (1 << (subject & 7));
    this.#add(observer, subject, 1);
    return true;
  }

  /** True when the observer had held the subject dead. */
  release(observer: number, subject: number): boolean {
    const bits = this.#bits[observer];
    if (bits === undefined || !has(bits, subject)) return false;
    bits[subject >> 3] = (bits[subject >> 3] as number) & ~(1 << (subject & 7));
    this.#add(observer, subject, -1);
    return true;
  }

  /** The observer's process is gone, and with it what it held. Calls back for each subject that it had held dead. */
  forget(observer: number, onReleased: (subject: number) => void): void {
    this.visit(observer, (subject) => {
      this.release(observer, subject);
      onReleased(subject);
    });
    this.#bits[observer] = undefined;
  }

  /** Whether an observer runs, and so counts. Calls back for each subject whose count changes. */
  setCounts(observer: number, counts: boolean, onChanged: (subject: number) => void): void {
    if ((this.#counts[observer] === 1) === counts) return;
    this.#counts[observer] = counts ? 1 : 0;
    this.visit(observer, (subject) => {
      this.count[subject] = (this.count[subject] as number) + (counts ? 1 : -1);
      onChanged(subject);
    });
  }

  /** What is true of a subject now: what observers hold of it becomes right or wrong by it. */
  setTruth(subject: number, truth: Truth): void {
    const before = this.#truth[subject] as Truth;
    if (before === truth) return;
    this.#truth[subject] = truth;
    if (this.#all[subject] === 0) return;
    for (let observer = 0; observer < this.#agents; observer += 1) {
      const bits = this.#bits[observer];
      if (bits === undefined || !has(bits, subject)) continue;
      this.#weigh(observer, before, -1);
      this.#weigh(observer, truth, 1);
    }
  }

  visit(observer: number, visitor: (subject: number) => void): void {
    const bits = this.#bits[observer];
    if (bits === undefined) return;
    for (let index = 0; index < bits.length; index += 1) {
      const byte = bits[index] as number;
      for (let bit = 0; byte >> bit !== 0; bit += 1) if ((byte >> bit) & 1) visitor(index * 8 + bit);
    }
  }

  #add(observer: number, subject: number, one: 1 | -1): void {
    this.#all[subject] = (this.#all[subject] as number) + one;
    if (this.#counts[observer] === 1) this.count[subject] = (this.count[subject] as number) + one;
    this.#weigh(observer, this.#truth[subject] as Truth, one);
  }

  #weigh(observer: number, truth: Truth, one: 1 | -1): void {
    if (truth === "gone") this.rightly[observer] = (this.rightly[observer] as number) + one;
    else if (truth === "there") this.wrongly[observer] = (this.wrongly[observer] as number) + one;
  }

  #bitsOf(observer: number): Uint8Array {
    const known = this.#bits[observer];
    if (known !== undefined) return known;
    const bits = new Uint8Array(Math.ceil(this.#agents / 8));
    this.#bits[observer] = bits;
    return bits;
  }
}

function has(bits: Uint8Array, subject: number): boolean {
  return (((bits[subject >> 3] as number) >> (subject & 7)) & 1) === 1;
}
