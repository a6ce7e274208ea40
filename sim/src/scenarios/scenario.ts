import type { Settings } from "@antibody/core";
import type { Mode, Power, ResourcePromise } from "@antibody/policy";
import type { LinkModel } from "../network/links.ts";

/**
 * What happens to a swarm, as plain data that JSON can carry: topology, device, bundle, steps with their times,
 * what must come true. The invariants of `invariants/` hold in every scenario, and are not named here.
 */
export interface Scenario {
  /** As the command line names it. */
  readonly name: string;
  /** One line for people. */
  readonly title: string;
  /** Agents where the caller names no other number. */
  readonly agents: number;
  readonly durationMs: number;
  /** The agents start evenly over this time. */
  readonly startSpreadMs: number;
  /** Differences from `localLinks`. */
  readonly links?: Partial<LinkModel>;
  /** Differences from the core's `defaultSettings`. */
  readonly settings?: Partial<Settings>;
  readonly bundle?: ScenarioBundle;
  readonly steps: readonly Step[];
  readonly expectations: readonly Expectation[];
}

/** One document of a bundle, before it is signed. `{generation}` in its texts becomes the number of the generation. */
export interface ScenarioDocument {
  readonly name: string;
  readonly when?: string;
  readonly promises: { readonly [resource: string]: ResourcePromise };
}

/** What the author publishes, and every owner's grant for it. */
export interface ScenarioBundle {
  readonly stream: string;
  readonly documents: readonly ScenarioDocument[];
  readonly scope: readonly string[];
  readonly powers: readonly Power[];
  readonly mode: Mode;
}

/** Whom a step concerns. A selection with a name can be meant again by a later step. */
export type Selection =
  /** The agents of an earlier step. */
  | { readonly named: string }
  /** These, such as `agent-2`. */
  | { readonly names: readonly string[] }
  /** Chosen at random among those that run: a share in percent of all agents, rounded to the nearest. */
  | { readonly percent: number; readonly as?: string }
  | { readonly count: number; readonly as?: string }
  | { readonly all: true };

/** One thing that happens to the world, `atMs` after its start. */
export type Step = { readonly atMs: number } & Deed;

export type Deed =
  /** The author hands a generation of the bundle to the owner of each selected agent. */
  | { readonly type: "publish"; readonly generation: number; readonly to: Selection }
  /** SIGKILL: the process is gone, its host closes its sockets. */
  | { readonly type: "kill"; readonly who: Selection }
  /** The host is gone at once: nothing is closed, and what was not synced is lost. */
  | { readonly type: "powerOff"; readonly who: Selection }
  /** A new process on the journal that the last one left. */
  | { readonly type: "restart"; readonly who: Selection }
  /** SIGSTOP and SIGCONT. */
  | { readonly type: "pause"; readonly who: Selection }
  | { readonly type: "resume"; readonly who: Selection }
  /** Splits the network in two: the selected agents here, all others there. */
  | { readonly type: "partition"; readonly who: Selection }
  /** Cuts one direction of every link between two selections. */
  | { readonly type: "cut"; readonly from: Selection; readonly to: Selection }
  /** Ends every partition and every cut. */
  | { readonly type: "heal" }
  /** Damages so many resources, chosen at random, on each selected device. */
  | { readonly type: "damage"; readonly who: Selection; readonly resources: number };

/** What must come true, within a time from the step that it is about. */
export type Expectation =
  /** Every agent that runs has this generation of the bundle in force. */
  | {
      readonly type: "inForce";
      readonly generation: number;
      readonly fromMs: number;
      readonly withinMs: number;
    }
  /** Every agent that runs holds exactly those dead whose process was ended. */
  | { readonly type: "deathsKnown"; readonly fromMs: number; readonly withinMs: number }
  /** All agents that run hold one view: of members, their incarnations and verdicts, and of policy. */
  | { readonly type: "oneView"; readonly fromMs: number; readonly withinMs: number }
  /** No drifted resource is left. */
  | { readonly type: "allKept"; readonly fromMs: number; readonly withinMs: number };
