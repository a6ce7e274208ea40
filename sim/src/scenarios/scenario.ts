import type { ResourcePhase, Settings } from "@antibody/core";
import type { Mode, Power, ResourcePromise } from "@antibody/policy";
import type { DeviceTimes } from "../device/times.ts";
import type { LinkModel } from "../network/links.ts";
import type { Step } from "./step.ts";

/**
 * What happens to a swarm, as plain data that JSON can carry: links, devices, bundles, faults with their times, what
 * must come true. The invariants of `invariants/` hold in every scenario, and are not named here. Numbers are whole.
 */
export interface Scenario {
  /** As the command line names it. */
  readonly name: string;
  /** One line for people. */
  readonly title: string;
  /** Agents where the caller names no other number. */
  readonly agents: number;
  /** What every chance comes from where the caller names no other seed; 1 where absent. */
  readonly seed?: number;
  readonly durationMs: number;
  /** The agents start evenly over this time. */
  readonly startSpreadMs: number;
  /** Differences from `localLinks`. */
  readonly links?: Partial<LinkModel>;
  /** Differences from `defaultTimes`, for every device. */
  readonly devices?: Partial<DeviceTimes>;
  /** What devices there are, by which guards tell them apart: taken in turn. Absent: all are alike. */
  readonly kinds?: readonly DeviceKind[];
  /** Differences from the core's `defaultSettings`. */
  readonly settings?: Partial<Settings>;
  /** What is published. Each has a name, and every owner grants it from the start. */
  readonly bundles?: readonly ScenarioBundle[];
  /** What happens, in any order: each step stands for itself, so that one can be left out. */
  readonly steps: readonly Step[];
  readonly expectations: readonly Expectation[];
}

/** What a guard asks of a device; where nothing is said, `arm64`, the agent's name, and no tags. */
export interface DeviceKind {
  readonly arch?: string;
  readonly hostname?: string;
  readonly name?: string;
  readonly tags?: readonly string[];
}

/**
 * One document of a bundle, before it is signed. In its texts `{generation}` becomes the number of the generation,
 * and `{variant}` the variant that is published.
 */
export interface ScenarioDocument {
  readonly name: string;
  readonly when?: string;
  readonly promises: { readonly [resource: string]: ResourcePromise };
}

/** What an author publishes as one stream, and every owner's grant for that author. */
export interface ScenarioBundle {
  /** The name of its stream, by which steps and expectations mean it. No two bundles of a scenario share one. */
  readonly stream: string;
  readonly documents: readonly ScenarioDocument[];
  readonly scope: readonly string[];
  readonly powers: readonly Power[];
  readonly mode: Mode;
  /** Of the grant; 100 where absent. Each bundle has an author of its own. */
  readonly rank?: number;
}

/**
 * What must come true, within a time from the step that it is about. It is asked of the honest agents that run: not
 * of those that a `corrupt` step has turned, and not of paused ones.
 */
export type Expectation = { readonly fromMs: number; readonly withinMs: number } & (
  | {
      /** Has this generation of the bundle in force, or a later one. */
      readonly type: "inForce";
      readonly generation: number;
      /** The stream of the bundle; the first one where absent. */
      readonly bundle?: string;
    }
  /** Nobody beyond so many waves has this staged generation in force, all the while. */
  | {
      readonly type: "confined";
      readonly generation: number;
      readonly waves: number;
      readonly bundle?: string;
    }
  /** Somebody has this generation in force. */
  | { readonly type: "triedBy"; readonly generation: number; readonly bundle?: string }
  /** Has this very generation in force, after another was tried. */
  | { readonly type: "backAt"; readonly generation: number; readonly bundle?: string }
  /** Holds exactly those dead whose process was ended. */
  | { readonly type: "deathsKnown" }
  /** Holds exactly those out of reach, dead or not, whose process was ended. */
  | { readonly type: "lossesKnown" }
  /** All hold one view: of members, their incarnations and verdicts, and of policy. */
  | { readonly type: "oneView" }
  /** Declares nobody dead whose process is there, all the while. */
  | { readonly type: "noFalseDeath" }
  /** Has no drifted resource left. */
  | { readonly type: "allKept" }
  /** Has this resource in a phase, such as `contested`. */
  | {
      readonly type: "phase";
      readonly resource: string;
      readonly phase: ResourcePhase;
      /** Only these, by the name of a selection. */
      readonly who?: string;
    }
  /** Keeps this resource as this bundle says. */
  | { readonly type: "keptAs"; readonly resource: string; readonly bundle: string }
  /** Holds what this bundle claims, and enforces nothing of it. */
  | { readonly type: "heldBack"; readonly bundle: string }
);
