import type { Input, Observation } from "@antibody/core";
import { codeOf, messageOf } from "./deviceError.ts";
import type { ResourceBody, Subject } from "./resourceBody.ts";

/** Looks by slow bodies that run at once. A guess: enough that one hanging check does not hold the others. */
const slowLooksMax = 16;
/** Looking goes on for this long before other work of the agent has its turn. A guess, below a probe's timeout by far. */
const sliceMs = 8;
/** Looks that events may cause within a second, for one resource; then one every `dampedEveryMs`. Guesses. */
const eventLooksPerSecond = 20;
const dampedEveryMs = 50;

/** A resource that is looked at, with what is going on. */
export interface Looked {
  readonly body: ResourceBody;
  readonly subject: Subject;
  /** Whether the mind asked, and waits; or an event only woke. */
  asked: boolean;
  state: "idle" | "queued" | "looking" | "damped";
  /** Who wanted it again while it was looked at. */
  again: "nobody" | "event" | "mind";
  /** An action on the resource ended while it was looked at: what comes of the look is of before. */
  outdated: boolean;
  /** Aborted when nobody wants to know any more. */
  readonly gone: AbortController;
  /** What the mind was told last, so that events which changed nothing stay out of the mind and its recording. */
  told: Input | undefined;
  /** Looks in the second that began at `secondMs`. */
  looksInSecond: number;
  secondMs: number;
}

/** A resource that nobody has looked at. */
export function unseen(body: ResourceBody, subject: Subject): Looked {
  return {
    body,
    subject,
    asked: false,
    state: "idle",
    again: "nobody",
    outdated: false,
    gone: new AbortController(),
    told: undefined,
    looksInSecond: 0,
    secondMs: 0,
  };
}

/**
 * Looks at resources: one look at a time for each, and at most one more waiting, however many events there are.
 * Quick looks run in slices at the end of the turn, so that a burst of events is one look; slow ones run
 * `slowLooksMax` at once.
 */
export class Looks {
  readonly #feed: (input: Input) => void;
  /** Called once for each look, before it: the place to see that watches still stand. */
  readonly #before: (subject: Subject) => void;
  /** Called after a row of quick looks. */
  readonly #afterRow: () => void;
  readonly #queue = new Set<Looked>();
  readonly #slow = new Set<Looked>();
  readonly #running = new Set<Promise<void>>();
  #scheduled = false;
  #stopped = false;

  constructor(feed: (input: Input) => void, before: (subject: Subject) => void, afterRow: () => void) {
    this.#feed = feed;
    this.#before = before;
    this.#afterRow = afterRow;
  }

  /** Whether quick looks wait for their turn. */
  get isWaiting(): boolean {
    return this.#queue.size > 0;
  }

  /** The mind asks, and is told in any case. */
  ask(looked: Looked): void {
    if (looked.state === "looking") looked.again = "mind";
    else looked.asked = true;
    this.#want(looked);
  }

  /** An event woke: the mind is told what is new. */
  wake(looked: Looked): void {
    if (looked.state !== "idle" || !isDamped(looked)) {
      this.#want(looked);
      return;
    }
    looked.state = "damped";
    setTimeout(() => {
      if (looked.state !== "damped") return;
      looked.state = "idle";
      this.#want(looked);
    }, dampedEveryMs).unref();
  }

  /** An action on the resource ended: a look that runs since before is made again instead of told. */
  outdate(looked: Looked): void {
    // What was told while the action ran may not have counted.
    looked.told = undefined;
    if (looked.state === "looking") looked.outdated = true;
  }

  /** Nothing of it is told any more. */
  forget(looked: Looked): void {
    looked.gone.abort();
    this.#queue.delete(looked);
    this.#slow.delete(looked);
  }

  /** Ends all looks, and waits until they have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queue.clear();
    this.#slow.clear();
    await Promise.allSettled(this.#running);
  }

  #want(looked: Looked): void {
    if (this.#stopped || looked.gone.signal.aborted) return;
    switch (looked.state) {
      case "queued":
        return;
      case "looking":
        if (looked.again === "nobody") looked.again = "event";
        return;
      case "damped":
        // An event may wait; what the mind asks for may not.
        if (!looked.asked) return;
        break;
      case "idle":
        break;
      default:
        looked.state satisfies never;
    }
    looked.state = "queued";
    (looked.body.slow ? this.#slow : this.#queue).add(looked);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#slice();
    });
  }

  #slice(): void {
    this.#lookInARow();
    for (const looked of this.#slow) {
      if (this.#running.size >= slowLooksMax) break;
      this.#slow.delete(looked);
      this.#look(looked);
    }
    if (this.#queue.size > 0) this.#schedule();
  }

  #lookInARow(): void {
    const endMs = performance.now() + sliceMs;
    try {
      for (const looked of this.#queue) {
        this.#queue.delete(looked);
        this.#look(looked);
        if (performance.now() >= endMs) break;
      }
    } finally {
      this.#afterRow();
    }
  }

  #look(looked: Looked): void {
    looked.state = "looking";
    countLook(looked);
    let seen: Observation | Promise<Observation>;
    try {
      this.#before(looked.subject);
      seen = looked.body.observe(looked.subject, looked.gone.signal);
    } catch (error) {
      this.#found(looked, failureOf(looked, error));
      return;
    }
    if (!(seen instanceof Promise)) {
      this.#found(looked, observed(looked, seen));
      return;
    }
    const running = seen
      .then(
        (observation) => this.#found(looked, observed(looked, observation)),
        (error: unknown) => this.#found(looked, failureOf(looked, error)),
      )
      .finally(() => {
        this.#running.delete(running);
        if (this.#slow.size > 0) this.#schedule();
      });
    this.#running.add(running);
  }

  #found(looked: Looked, input: Input): void {
    const { asked, again, outdated } = looked;
    looked.state = "idle";
    looked.asked = again === "mind" || (outdated && asked);
    looked.again = "nobody";
    looked.outdated = false;
    if (this.#stopped || looked.gone.signal.aborted) return;
    if (outdated || again !== "nobody") this.#want(looked);
    if (outdated) return;
    const isSame = looked.told !== undefined && sameInput(input, looked.told);
    if (isSame && !asked) return;
    // What is as it was keeps its object: a sweep of thousands then leaves nothing for the collector to move.
    if (!isSame) looked.told = input;
    this.#feed(looked.told ?? input);
  }
}

function sameInput(left: Input, right: Input): boolean {
  if (left.type === "observed" && right.type === "observed")
    return sameFields(left.observation, right.observation);
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Most observations are flat: only what is not is compared as text. */
function sameFields(left: Observation, right: Observation): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => {
      const [mine, other] = [left[name], right[name]];
      return mine === other || (typeof mine === "object" && JSON.stringify(mine) === JSON.stringify(other));
    })
  );
}

function observed({ subject }: Looked, observation: Observation): Input {
  return { type: "observed", resource: subject.id, observation };
}

function failureOf({ subject }: Looked, error: unknown): Input {
  return {
    type: "unobservable",
    resource: subject.id,
    failure: { code: codeOf(error), message: messageOf(error) },
  };
}

function countLook(looked: Looked): void {
  const nowMs = performance.now();
  if (nowMs - looked.secondMs >= 1_000) {
    looked.secondMs = nowMs;
    looked.looksInSecond = 0;
  }
  looked.looksInSecond += 1;
}

function isDamped(looked: Looked): boolean {
  return looked.looksInSecond >= eventLooksPerSecond && performance.now() - looked.secondMs < 1_000;
}
