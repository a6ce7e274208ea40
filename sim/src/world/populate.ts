import type { VerifiedCharter } from "@antibody/core";
import {
  Directory,
  KeyedContext,
  type Member,
  NEVER,
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
import type { DeviceKind } from "../scenarios/scenario.ts";
import { Arena } from "../stores/arena.ts";
import { DirectoryColumns } from "../stores/directoryColumns.ts";
import { WorldSharing } from "../stores/sharing.ts";
import type { SimAgent } from "./agent.ts";
import { HostClock } from "./clock.ts";
import { Journal } from "./journal.ts";
import { RecordPool } from "./recordPool.ts";

/** The agents of a world, and what they share. */
export interface Population {
  readonly swarm: SwarmId;
  readonly charter: VerifiedCharter;
  readonly settings: Settings;
  readonly agents: readonly SimAgent[];
  /** What devices there are, taken in turn. */
  readonly kinds: readonly DeviceKind[];
  /** Everyone, as every agent is enrolled with them, shared by reference. */
  readonly members: readonly Member[];
  /** They as a directory, and where the agents keep what they hold of it from then on. */
  readonly directory: Directory;
  readonly columns: DirectoryColumns;
  /** What they hold alike beside it. */
  readonly sharing: WorldSharing;
  /** Digests of the entries in it. */
  readonly enrolledEntries: ReadonlySet<string>;
}

/** Hosts run since some time, at most so long. */
const monoMsMax = 1_000_000_000;

/** Enrolls so many agents and gives each a device, a journal and a stream of randomness. None runs yet. */
export function populate(
  agents: number,
  seed: number,
  settings: Settings,
  times: DeviceTimes = defaultTimes,
  kinds: readonly DeviceKind[] = [],
): Population {
  const swarm = enrollSwarm(agents, seed);
  const members = swarm.agents.map(({ member }) => member);
  const directory = directoryOf(members, settings);
  const random = Random.fromSeed(seed).fork();
  const types = new Map(resourceTypes.map((type) => [type.kind, type]));
  const shared: Shared = { types, times, pool: new RecordPool(), arena: new Arena() };
  return {
    swarm: swarm.charter.swarm,
    charter: swarm.charter,
    settings,
    kinds,
    agents: swarm.agents.map((enrolled, index) => createAgent(enrolled, index, random.fork(), shared)),
    enrolledEntries: new Set(members.map(({ entry }) => entry.digest)),
    members,
    directory,
    columns: new DirectoryColumns(directory),
    sharing: new WorldSharing(),
  };
}

/** The directory of everyone, as each was enrolled. */
function directoryOf(members: readonly Member[], settings: Settings): Directory {
  const certificates = members.map(({ certificate }) => certificate);
  const directory = new Directory(Roster.of(certificates, settings.ringCount, modelCrypto));
  for (const member of members) directory.accept(member);
  return directory;
}

/** What all agents have in common. */
interface Shared {
  readonly types: ReadonlyMap<string, ResourceType>;
  readonly times: DeviceTimes;
  readonly pool: RecordPool;
  readonly arena: Arena;
}

function createAgent(
  { name, addresses, certificate, signer }: Enrolled,
  index: number,
  random: Random,
  { types, times, pool, arena }: Shared,
): SimAgent {
  const digestKey = arena.keep(modelCrypto.sha256(utf8(`digest key of ${certificate.agent}`)));
  const context = new KeyedContext(modelCrypto, digestKey);
  const clock = new HostClock(random.below(monoMsMax));
  return {
    index,
    id: certificate.agent,
    name,
    addresses,
    certificate,
    signer,
    digestKey,
    random,
    journal: new Journal(pool),
    device: new Device(types, context, times, random.fork()),
    mind: undefined,
    isRunning: false,
    hasPower: true,
    isPaused: false,
    silentSinceUs: 0,
    runningSinceUs: NEVER,
    life: 0,
    clock,
    busyUntilUs: 0,
    readyUs: 0,
    corruption: undefined,
    waiting: undefined,
  };
}
