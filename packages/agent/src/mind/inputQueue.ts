import type { Input } from "@antibody/core";
import type { ResourceId } from "@antibody/policy";

/**
 * Inputs that wait. Steps are taken as they come, so more than a few wait only while the agent is overloaded.
 * Guess: a second's worth of what two connected processes were seen to exchange, 26,000 messages.
 */
export const inputQueueMax = 32_768;
/** What the world does not say again is taken up to this many, and beyond it the agent is broken. */
const lastingInputsMax: number = 2 * inputQueueMax;

/**
 * Inputs in order. What peers and traffic say again anyway is dropped first when too many wait. What was seen of a
 * resource is said once, until something changes: of that the last word on each is kept, and taken when all else was.
 */
export class InputQueue {
  #first: Input[] = [];
  #rest: Input[] = [];
  /** How many of `#rest` are taken already: cheaper than shifting an array of thousands. */
  #taken = 0;
  /** What was seen last of each resource while there was no room. No more than there are resources. */
  readonly #seenLate = new Map<ResourceId, Input>();
  #droppedCount = 0;

  get length(): number {
    return this.#first.length + this.#rest.length - this.#taken + this.#seenLate.size;
  }

  /** Inputs dropped since the start. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  push(input: Input): "taken" | "dropped" | "overflow" {
    if (input.type === "observed" || input.type === "unobservable") {
      // Once one waits here, all do: the last word on a resource comes last.
      if (this.length >= inputQueueMax || this.#seenLate.size > 0) {
        this.#seenLate.set(input.resource, input);
        return "taken";
      }
    }
    if (this.length >= inputQueueMax && isSaidAgain(input)) {
      this.#droppedCount += 1;
      return "dropped";
    }
    if (this.length >= lastingInputsMax) return "overflow";
    this.#rest.push(input);
    return "taken";
  }

  /** Before all others, but behind those that came this way. */
  pushFirst(input: Input): void {
    this.#first.push(input);
  }

  /** Gives back what was just taken. */
  unshift(input: Input): void {
    this.#first.unshift(input);
  }

  shift(): Input | undefined {
    const first = this.#first.shift();
    if (first !== undefined) return first;
    const next = this.#rest[this.#taken];
    if (next === undefined) return this.#shiftSeen();
    this.#taken += 1;
    if (this.#taken === this.#rest.length) this.#reset();
    else if (this.#taken >= inputQueueMax) {
      this.#rest = this.#rest.slice(this.#taken);
      this.#taken = 0;
    }
    return next;
  }

  clear(): void {
    this.#first = [];
    this.#seenLate.clear();
    this.#reset();
  }

  #shiftSeen(): Input | undefined {
    for (const [resource, input] of this.#seenLate) {
      this.#seenLate.delete(resource);
      return input;
    }
    return undefined;
  }

  #reset(): void {
    this.#rest = [];
    this.#taken = 0;
  }
}

/** Whether losing it costs only time: probes and anti-entropy say it again. */
function isSaidAgain(input: Input): boolean {
  switch (input.type) {
    case "message":
    case "rumor":
    case "routed":
    case "progress":
    case "wake":
      return true;
    case "policy":
      return input.from !== "owner";
    case "started":
    case "addresses":
    case "connected":
    case "disconnected":
    case "dialed":
    case "unsent":
    case "enrolled":
    case "turnedAway":
    case "signed":
    case "rival":
    case "outcome":
    case "command":
    case "observed":
    case "unobservable":
      return false;
    default:
      return input satisfies never;
  }
}
