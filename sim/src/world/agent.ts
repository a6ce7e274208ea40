import type {
  Boot,
  Input,
  Inspection,
  Member,
  MindOptions,
  Now,
  Outline,
  Random,
  StepResult,
  VerifiedCertificate,
} from "@antibody/core";
import type { AgentId, AuthorId, Root, Signer } from "@antibody/policy";
import type { Device } from "../device/device.ts";
import type { HostClock } from "./clock.ts";
import type { Journal } from "./journal.ts";

/** What the simulator uses of a mind. Tests bring minds of their own. */
export interface SimMind {
  step(input: Input, now: Now): StepResult;
  inspect(now: Now): Inspection;
  outline(now: Now): Outline;
  ownMember(): Member | undefined;
  rootOf(author: AuthorId): Root | undefined;
  certificateOf(agent: AgentId): VerifiedCertificate | undefined;
}

/** Makes a mind for each process that starts. */
export type CreateMind = (options: MindOptions, boot: Boot) => SimMind;

/** What turns an agent against its swarm. */
export interface Corruption {
  /** Bends what each of its processes does. */
  bend(mind: SimMind): SimMind;
  readonly passesGossipOn: boolean;
}

/** What came while the process was paused, as its host's buffers keep it. */
interface Waiting {
  readonly kind: number;
  readonly source: number;
  readonly tag: number;
  readonly payload: unknown;
}

/** One agent of a world: what stays of it through all its processes, and the process that runs. */
export interface SimAgent {
  readonly index: number;
  readonly id: AgentId;
  readonly name: string;
  /** Where it listens. */
  readonly addresses: readonly string[];
  readonly certificate: VerifiedCertificate;
  readonly signer: Signer;
  readonly digestKey: Uint8Array;
  /** Forks a stream for each of its processes. */
  readonly random: Random;
  readonly journal: Journal;
  readonly device: Device;
  /** The mind of the process that runs; undefined while none does. */
  mind: SimMind | undefined;
  /** Whether a process runs; it may be paused. */
  isRunning: boolean;
  hasPower: boolean;
  isPaused: boolean;
  /** Since when the process is paused or gone; infinite while it runs. */
  silentSinceUs: number;
  /** Since when the process runs and is not paused; infinite while it does not. */
  runningSinceUs: number;
  /** Counts processes, from 1. */
  life: number;
  readonly clock: HostClock;
  /** Until when the process is busy with its last step. */
  busyUntilUs: number;
  /** When what waits for it goes on: the time of an event that is to come, or of the last one. */
  readyUs: number;
  /** What turns it against its swarm; undefined while it is honest. */
  corruption: Corruption | undefined;
  /** Absent where nothing waits, as nearly always. */
  waiting: Waiting[] | undefined;
}
