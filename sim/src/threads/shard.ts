import type { Glance } from "../invariants/expectations.ts";
import type { ShareOutcome } from "../outcome.ts";
import { Running } from "../running.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { CreateMind } from "../world/agent.ts";
import type { Population } from "../world/populate.ts";
import type { Letters } from "./letters.ts";
import { Inbox, Outbox } from "./mail.ts";
import type { Presets } from "./packing.ts";
import { createSettling } from "./settling.ts";
import { type Share, shareOf } from "./share.ts";

/** What a run is of: the same for all its threads. */
export interface RunPlan {
  readonly scenario: Scenario;
  readonly agents: number;
  readonly seed: number;
}

/** What the agents of one thread showed at one moment. */
export interface Sight {
  readonly atMs: number;
  readonly glances: readonly (Glance | undefined)[];
}

/** The letters that one thread leaves for the others and takes from them, by their number; none for itself. */
export interface Correspondence {
  readonly to: readonly (Letters | undefined)[];
  readonly from: readonly (Letters | undefined)[];
}

/**
 * The part of a run that one thread simulates, and its mail with the others. It advances by windows in which nothing
 * that an agent does can reach another: what is sent in one is delivered before the next begins.
 */
export class Shard {
  readonly running: Running;
  readonly #share: Share;
  readonly #letters: Correspondence;
  readonly #outboxes: readonly (Outbox | undefined)[];
  readonly #inboxes: readonly (Inbox | undefined)[];
  readonly #endUs: number;
  /** The first moment at which something that is sent now may arrive elsewhere. */
  #windowEndUs = 0;

  constructor(
    { scenario, agents, seed }: RunPlan,
    share: Share,
    settled: Int32Array,
    letters: Correspondence,
    createMind: CreateMind,
    onSight: (sight: Sight) => void,
  ) {
    this.#share = share;
    this.#letters = letters;
    this.#endUs = scenario.durationMs * 1_000;
    this.running = new Running(scenario, agents, seed, createMind, undefined, undefined, {
      share,
      settled,
      onGlances: (atMs, glances) => onSight({ atMs, glances }),
    });
    const { world } = this.running;
    const presets = presetsOf(world.population);
    const settling = createSettling();
    this.#outboxes = letters.to.map((to) => (to === undefined ? undefined : new Outbox(presets)));
    this.#inboxes = letters.from.map((from) =>
      from === undefined ? undefined : new Inbox(presets, settling, world.queue, world.gossip),
    );
    world.queue.sendAway({
      takes: (destination) => destination >= 0 && shareOf(destination, share) !== share.index,
      add: (atUs, destination, source, kind, tag, payload) => {
        if (atUs < this.#windowEndUs) {
          throw new Error(`An event at ${atUs} us would reach another thread before ${this.#windowEndUs} us`);
        }
        const outbox = this.#outboxes[shareOf(destination, share)] as Outbox;
        outbox.add(atUs, destination, source, kind, tag, payload);
      },
    });
  }

  /** How long a window may be: no link is faster. */
  get lookaheadUs(): number {
    return this.running.world.network.links.model.latencyUsMin;
  }

  /** Leaves the letters of the window that is over. Gives when the next event is due that is known here. */
  leave(): number {
    let earliestUs = this.running.world.queue.peekUs();
    for (const [other, outbox] of this.#outboxes.entries()) {
      if (outbox === undefined) continue;
      earliestUs = Math.min(earliestUs, outbox.earliestUs);
      this.#letters.to[other]?.leave(outbox.written);
      outbox.clear();
    }
    return earliestUs;
  }

  /** Takes the letters of the others. */
  take(): void {
    for (const [other, inbox] of this.#inboxes.entries()) {
      const bytes = this.#letters.from[other]?.take();
      if (inbox !== undefined && bytes !== undefined && bytes.length > 0) inbox.take(bytes);
    }
  }

  /** Runs the window that begins with the earliest event of all threads; false when none is left before the end. */
  run(earliestUs: number): boolean {
    const { world } = this.running;
    this.#windowEndUs = earliestUs + this.lookaheadUs;
    const untilUs = Math.min(this.#windowEndUs - 1, this.#endUs);
    world.run(untilUs, Number.POSITIVE_INFINITY);
    return earliestUs <= this.#endUs;
  }

  /** The last look at the agents of this thread, and what it all came to. */
  finish(): ShareOutcome {
    this.running.lookLast();
    return this.running.outcome();
  }

  get isFirst(): boolean {
    return this.#share.index === 0;
  }
}

/** What all threads have made alike, before the run. */
function presetsOf({ members }: Population): Presets {
  return {
    objects: members.flatMap((member) => [member, member.certificate, member.entry]),
    texts: members.flatMap(({ certificate, entry }) => [certificate.agent, ...entry.entry.addresses]),
  };
}
