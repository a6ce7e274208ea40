import type { DeviceTimes } from "../device/times.ts";

/** Whom a step concerns. A selection with a name can be meant again by a later step. */
export type Selection =
  /** The agents of an earlier step. */
  | { readonly named: string }
  /** These, such as `agent-2`. */
  | { readonly names: readonly string[]; readonly as?: string }
  /** Chosen at random among those that run: a share in percent of all agents, rounded to the nearest. */
  | { readonly percent: number; readonly as?: string }
  | { readonly count: number; readonly as?: string }
  | { readonly all: true };

/** One thing that happens to the world, `atMs` after its start. */
export type Step = { readonly atMs: number } & Deed;

/** Everything that can happen: to policy, to processes, to the network, to devices, and to an agent's honesty. */
export type Deed = PolicyDeed | ProcessDeed | NetworkDeed | DeviceDeed | CorruptDeed;

/** How a generation comes into force in stages, as its author asks for it. */
export interface StagedPublish {
  /** The waves, in percent of all devices: rising, the last one 100. */
  readonly percents: readonly number[];
  readonly holdMs: number;
  readonly withinMs: number;
}

export type PolicyDeed =
  /** The author hands a generation of a bundle to the owner of each selected agent. */
  | {
      readonly type: "publish";
      readonly generation: number;
      readonly to: Selection;
      /** The stream of the bundle; the first one where absent. */
      readonly bundle?: string;
      /** Another body of the same generation: an author that signs two equivocates. */
      readonly variant?: string;
      /** It comes into force in waves; the salt is chosen among those who live when it is published. */
      readonly staged?: StagedPublish;
    }
  /** Somebody who kept an older generation sends it again, as a peer would: through `by`, to everyone they reach. */
  | {
      readonly type: "replayPolicy";
      readonly generation: number;
      readonly by: Selection;
      readonly bundle?: string;
      readonly everyMs?: number;
      readonly forMs?: number;
    };

export type ProcessDeed =
  /** SIGKILL: the process is gone, its host closes its sockets. `children`: so is all that it supervises. */
  | { readonly type: "kill"; readonly who: Selection; readonly children?: boolean }
  /**
   * The host is gone at once: nothing is closed, and what was not synced is lost. `torn`: it fails in the middle of
   * writing. Of what was not synced a part is there, and a repair under way leaves its resource damaged.
   */
  | { readonly type: "powerOff"; readonly who: Selection; readonly torn?: boolean }
  /** A new process on the journal that the last one left. */
  | { readonly type: "restart"; readonly who: Selection }
  /** SIGSTOP, for a time or until `resume`. */
  | { readonly type: "pause"; readonly who: Selection; readonly forMs?: number }
  /** SIGCONT. */
  | { readonly type: "resume"; readonly who: Selection }
  /**
   * For a time one of the selected agents goes down about every `everyMs`, and comes back after about `downMs`:
   * killed, or without power.
   */
  | {
      readonly type: "churn";
      readonly who: Selection;
      readonly everyMs: number;
      readonly downMs: number;
      readonly forMs: number;
      readonly how?: "kill" | "powerOff";
    };

export type NetworkDeed =
  /** Splits the network: each side reaches itself alone, and all others are one more side. */
  | { readonly type: "partition"; readonly sides: readonly Selection[] }
  /** Cuts one direction of every link between two selections. */
  | { readonly type: "cut"; readonly from: Selection; readonly to: Selection }
  /** The selected agents reach nobody but these peers. */
  | { readonly type: "eclipse"; readonly who: Selection; readonly peers: Selection }
  /** Ends every partition, every cut and every eclipse. */
  | { readonly type: "heal" }
  /**
   * Packets from and to the selected hosts are lost, so many of a million, for a time or for good. With `bursts`
   * that is so only for about `lastMs`, about every `everyMs`.
   */
  | {
      readonly type: "loss";
      readonly who: Selection;
      readonly lossPerMillion: number;
      readonly forMs?: number;
      readonly bursts?: { readonly everyMs: number; readonly lastMs: number };
    }
  /** Packets from and to the selected hosts take longer, one way, and `jitterUs` more at random. */
  | {
      readonly type: "latency";
      readonly who: Selection;
      readonly addedUs: number;
      readonly jitterUs?: number;
      readonly forMs?: number;
    };

export type DeviceDeed =
  /** Differences from the times of the scenario's devices: a busy or weak device. For a time, or for good. */
  | {
      readonly type: "slow";
      readonly who: Selection;
      readonly times: Partial<DeviceTimes>;
      readonly forMs?: number;
    }
  /**
   * Moves the wall clocks of the selected hosts, and lets both of their clocks run fast by so many millionths, or
   * slow where negative, from now on.
   */
  | {
      readonly type: "clock";
      readonly who: Selection;
      readonly wallJumpMs?: number;
      readonly driftPerMillion?: number;
    }
  /**
   * Damages so many resources, chosen at random, on each selected device: once, or about every `everyMs` for a time.
   */
  | {
      readonly type: "damage";
      readonly who: Selection;
      readonly resources: number;
      /** Only of what repairs can mend: a probe that fails is told, and no more. */
      readonly mendable?: boolean;
      readonly everyMs?: number;
      readonly forMs?: number;
    }
  /** Whatever promise of this resource has the text in it cannot be kept on these devices: every repair fails. */
  | {
      readonly type: "defect";
      readonly who: Selection;
      readonly resource: string;
      readonly text: string;
    }
  /** A process on each selected device undoes every repair of one resource, `afterMs` after it, for a time. */
  | {
      readonly type: "fight";
      readonly who: Selection;
      readonly resource: string;
      readonly afterMs: number;
      readonly forMs: number;
    };

/** How a member that is not honest behaves beside its mind; see `adversary/`. */
export const habits = [
  /** Forges entries of other members, signed with its own key: that they have left. */
  "forgeEntries",
  /** Forges death certificates of other members: votes in the names of honest ones. */
  "forgeDeaths",
  /** Signs policy with its own key: as the author, and as an author whom nobody granted anything. */
  "forgePolicy",
  /** Votes with its accomplices, with their true keys, that honest members are dead. */
  "falseVotes",
  /** Tells entries of others again that were superseded, and death certificates that were refuted. */
  "replayRumors",
  /** Casts no vote and passes none on. */
  "withholdVotes",
  /** Passes on no gossip. */
  "swallowGossip",
  /** Asked to probe for others, says the opposite of what it found. */
  "lieForOthers",
  /** Tells with every probe and ack that it holds something else. */
  "lieAboutDigests",
] as const;

export type Habit = (typeof habits)[number];

/** The selected agents are in one hand from now on, and share their keys. */
export type CorruptDeed = {
  readonly type: "corrupt";
  readonly who: Selection;
  readonly habits: readonly Habit[];
  /** How often each of them does what is done without being asked; every second where absent. */
  readonly everyMs?: number;
};
