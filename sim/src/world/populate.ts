import type { VerifiedCharter } from "@antibody/core";
import {
  keyedDigest,
  type Member,
  Random,
  type ResourceType,
  Roster,
  resourceTypes,
  type Settings,
} from "@antibody/core";
import { type SwarmId, utf8 } from "@antibody/policy";
import { Device } from "../device/device.ts";
import { type DeviceTimes, defaultTimes } from "../device/times.ts";
import { type Enrolled, enrollSwarm } from "../identity/enroll.ts";
import { modelCrypto } from "../identity/modelCrypto.ts";
import type { SimAgent } from "./agent.ts";
import { HostClock } from "./clock.ts";
import { Journal } from "./journal.ts";

/** The agents of a world, and what they share. */
export interface Population {
  readonly swarm: SwarmId;
  readonly charter: VerifiedCharter;
  readonly settings: Settings;
  readonly agents: readonly SimAgent[];
  /** The directory that every agent is enrolled with, shared by reference. */
  readonly members: readonly Member[];
  /** Digests of the entries in it. */
  readonly enrolledEntries: ReadonlySet<string>;
  /** Where they stand on the rings, shared too. */
  readonly roster: Roster;
}

/** Hosts run since some time, at most so long. */
const monoMsMax = 1_000_000_000;

/** Enrolls so many agents and gives each a device, a journal and a stream of randomness. None runs yet. */
export function populate(
  agents: number,
  seed: number,
  settings: Settings,
  times: DeviceTimes = defaultTimes,
): Population {
  const swarm = enrollSwarm(agents, seed);
  const random = Random.fromSeed(seed).fork();
  const types = new Map(resourceTypes.map((type) => [type.kind, type]));
  return {
    swarm: swarm.charter.swarm,
    charter: swarm.charter,
    settings,
    agents: swarm.agents.map((enrolled, index) => createAgent(enrolled, index, random.fork(), types, times)),
    members: swarm.agents.map(({ member }) => member),
    enrolledEntries: new Set(swarm.agents.map(({ member }) => member.entry.digest)),
    roster: Roster.of(
      swarm.agents.map(({ certificate }) => certificate),
      settings.ringCount,
      modelCrypto,
    ),
  };
}

function createAgent(
  { name, address, certificate, signer }: Enrolled,
  index: number,
  random: Random,
  types: ReadonlyMap<string, ResourceType>,
  times: DeviceTimes,
): SimAgent {
  const digestKey = modelCrypto.sha256(utf8(`digest key of ${certificate.agent}`));
  const context = { digest: (bytes: Uint8Array): string => keyedDigest(modelCrypto, digestKey, bytes) };
  const clock = new HostClock(random.below(monoMsMax));
  return {
    index,
    id: certificate.agent,
    name,
    address,
    certificate,
    signer,
    digestKey,
    random,
    journal: new Journal(),
    device: new Device(types, context, times, random.fork()),
    mind: undefined,
    hasPower: true,
    isPaused: false,
    silentSinceUs: 0,
    runningSinceUs: Number.POSITIVE_INFINITY,
    life: 0,
    clock,
    busyUntilUs: 0,
    corruption: undefined,
    wakeUs: Number.POSITIVE_INFINITY,
    pendingWakeUs: Number.POSITIVE_INFINITY,
    waiting: [],
  };
}
