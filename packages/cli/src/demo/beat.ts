import type { Colony } from "./colony.ts";
import type { DemoPolicy } from "./policy.ts";

/** Ways to spoil the world of the demo, each so that the check of one beat must fail; used by the tests. */
export type Sabotage =
  /** One agent never joins. */
  | "absentMember"
  /** One agent's owner accepts no author. */
  | "noGrant"
  /** Every agent's owner grants everything, so that what should be outside the grant is enforced. */
  | "wideGrant"
  /** Nothing is repaired anywhere. */
  | "pausedEverywhere"
  /** Only one agent serves the capability. */
  | "oneBackend"
  /** The pause is never asked for. */
  | "unpaused"
  /** The late agent's owner accepts no author. */
  | "lateWithoutGrant"
  /** The repair that should be impossible is possible. */
  | "possibleRepair";

/** What every beat plays on. */
export interface Stage {
  readonly colony: Colony;
  readonly policy: DemoPolicy;
  /** Names of the first five agents; the first is the founder. */
  readonly names: readonly string[];
  readonly sabotages: ReadonlySet<Sabotage>;
  /** Ends when the beat's time is up, or when the user interrupts. */
  readonly signal: AbortSignal;
  /** The author's id and files, once made. */
  author?: DemoAuthor;
}

/** The author of the demo: made by `antibody author keygen`. */
interface DemoAuthor {
  readonly id: string;
  readonly keyFile: string;
  readonly rootFile: string;
}

/** One thing that the demo shows. `play` does it and checks it; it returns the evidence, or throws what is missing. */
export interface Beat {
  readonly name: string;
  readonly title: string;
  play(stage: Stage): Promise<string>;
}

/** The agents that take part, by name; the one that a sabotage keeps away is among them. */
export const demoNames = ["attic", "cellar", "garage", "garden", "kitchen"] as const;

/** The agent that is started late. */
export const lateName = "shed";

/** Agents that serve the capability of the demo. */
export const servingNames: readonly string[] = ["garage", "garden"];

/** The agent through whose route the service is called. */
export const routingName = "attic";
