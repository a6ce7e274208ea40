import { resolve } from "node:path";
import { type Settings, signStatement } from "@antibody/core";
import type { Crypto } from "@antibody/policy";
import { type BornMind, bearMind } from "./agent/birth.ts";
import { IncidentRecordings } from "./agent/incidentRecordings.ts";
import { LateNetwork } from "./agent/lateNetwork.ts";
import { listenChoices } from "./agent/listenPort.ts";
import { NetworkOpening, type OpenNetwork } from "./agent/networkOpening.ts";
import { RunningAgent } from "./agent/runningAgent.ts";
import { openTelling, type Telling } from "./agent/telling.ts";
import { controlPaths, defaultStateDirectory } from "./control/paths.ts";
import { Device } from "./device/device.ts";
import { deliver } from "./handoff/deliver.ts";
import { HandoffDesk } from "./handoff/desk.ts";
import { Outbox } from "./handoff/outbox.ts";
import type { LogDestination, LogEntry } from "./log/log.ts";
import { SystemClock } from "./mind/clock.ts";
import { Driver } from "./mind/driver.ts";
import type { NetworkOptions } from "./network/networkOptions.ts";
import { type PluginRegistry, readPlugins } from "./plugins/registry.ts";
import type { Feed, StatementSigner } from "./ports.ts";
import { type AgentState, openAgentState } from "./state/agentState.ts";
import { nodeCrypto } from "./state/nodeCrypto.ts";
import { messageOf } from "./state/stateError.ts";

/** Where an agent listens when nobody says otherwise: everywhere, on any free port. */
const listenDefault: readonly string[] = ["/ip4/0.0.0.0/tcp/0"];

/** How long the network waits for the first repairs where nothing is said. Guess: hundreds of repairs. */
const firstRepairsMsMaxDefault = 500;

/** What an agent is started with. */
export interface StartOptions {
  /** Its state directory, made by `initSwarm` or by joining. */
  readonly state: string;
  /** Prefixes every path of file-like resources: `/` on a device. Must exist. */
  readonly root: string;
  /** Multiaddrs to listen on. */
  readonly listen?: readonly string[];
  /** Whether peers on the LAN are looked for by mDNS; yes where nothing is said. */
  readonly mdns?: boolean;
  /** Version of the build, told to peers. */
  readonly build: string;
  /** Where log lines go; standard output where nothing is said. */
  readonly log?: LogDestination;
  /** Times and counts other than the defaults, for tests and demos. */
  readonly settings?: Partial<Settings>;
  /** Bytes of the flight recorder; `recordingBytesMaxDefault` where nothing is said. */
  readonly recordingBytesMax?: number;
  /** Called when an invariant is broken, after the evidence is kept. Ends the process where nothing is said. */
  readonly onBroken?: (error: unknown) => void;
  /** How long the network waits for the first repairs; longer in tests. */
  readonly firstRepairsMsMax?: number;
  /** libp2p where nothing is said. */
  readonly openNetwork?: OpenNetwork;
}

/**
 * Starts an agent: state and lock, journal, mind, device, control sockets, and then, without waiting for it, the
 * network. Repairs begin before this returns. Throws a StateError, or what kept the control sockets closed; nothing
 * is then left running.
 */
export async function startAgent(options: StartOptions): Promise<RunningAgent> {
  const clock = new SystemClock();
  const crypto = nodeCrypto();
  const state = openAgentState(options.state, crypto, clock.now().wallMs);
  try {
    return await assemble(options, state, crypto, clock);
  } catch (error) {
    state.close();
    throw error;
  }
}

async function assemble(
  options: StartOptions,
  state: AgentState,
  crypto: Crypto,
  clock: SystemClock,
): Promise<RunningAgent> {
  const wallMs = (): number => clock.now().wallMs;
  const handedOff = (incident: string): void => {
    incidentRecordings.opened(incident);
    // The step that tells it has to end first.
    setImmediate(() => handoff.look());
  };
  const telling = openTelling(state, clock, handedOff, options.log);
  const { log, tell } = telling;
  const { root, build, settings = {}, recordingBytesMax } = options;
  const plugins = pluginsOf(state, tell);
  const born = bearMind({
    ...{ state, root, build, crypto, log, settings, wallMs, recordingBytesMax, plugins },
  });
  const { mind, recorder } = born;
  const incidentRecordings = new IncidentRecordings({
    directory: state.paths.directory,
    recording: () => recorder.bytes(),
    onFailure: (error) =>
      log.tell({ name: "agent.recordingNotKept", level: "warn", fields: { cause: messageOf(error) } }),
  });
  const handoff = deskOf(options, state, tell, () => driver.inspect());
  const feed: Feed = (input) => driver.feed(input);
  const network = new LateNetwork(feed);
  const device = deviceOf(options, state, born, { feed, network, wallMs, tell, plugins });
  const driver: Driver = new Driver({
    ...{ mind, clock, recorder },
    ports: {
      ...{ journal: state.journal, network, device, tell },
      signer: signerOf(state, crypto),
    },
    onStopped: () => running.stopped(),
    onBroken: (error) => {
      running.broken(error);
      (options.onBroken ?? endProcess)(error);
    },
  });
  const opening = openingOf(options, state, tell, { crypto, feed, knowledge: mind });
  const { firstRepairsMsMax = firstRepairsMsMaxDefault } = options;
  const running = new RunningAgent({
    ...{ state, mind, driver, recorder, incidentRecordings, handoff, device, network, opening },
    ...{ ...telling, clock, crypto, firstRepairsMsMax },
  });
  try {
    await running.openSockets(controlPaths(options.state));
  } catch (error) {
    await device.stop("leave");
    recorder.close();
    throw error;
  }
  running.begin();
  return running;
}

/** What a device is wired to. */
interface DeviceWiring {
  readonly feed: Feed;
  readonly network: LateNetwork;
  readonly wallMs: () => number;
  readonly tell: Telling["tell"];
  readonly plugins: PluginRegistry;
}

/** The device, without what a killed life of the agent left half done. */
function deviceOf(
  { root, build }: StartOptions,
  { certificate: { agent }, paths }: AgentState,
  { digestKey, interrupted }: BornMind,
  { feed, network, wallMs, tell, plugins }: DeviceWiring,
): Device {
  const device = new Device({
    ...{ agent, root, stateDirectory: paths.directory, digestKey, feed, build, wallMs, plugins },
    openRoute: (backend, capability, signal) => network.openRoute(backend, capability, signal),
    localPortOf: (capability) => network.localPortOf(capability),
    tell: (level, name, fields) => tell({ name, level, fields }),
  });
  device.tidy(interrupted);
  return device;
}

/** The network that is opened after the first repairs. */
function openingOf(
  { openNetwork = openLibp2p, listen = listenDefault, mdns = true }: StartOptions,
  { key, charter, certificate, paths }: AgentState,
  tell: Telling["tell"],
  mind: Pick<NetworkOptions, "crypto" | "feed" | "knowledge">,
): NetworkOpening {
  const needs = { key, charter, certificate, mdns, ...mind };
  return new NetworkOpening(openNetwork, needs, tell, listenChoices(listen, paths.port));
}

/** The desk that tells people of cases. */
function deskOf(
  options: StartOptions,
  { certificate, paths }: AgentState,
  tell: Telling["tell"],
  inspect: Driver["inspect"],
): HandoffDesk {
  const {
    agent,
    certificate: { name },
  } = certificate;
  return new HandoffDesk({
    stateDirectory: paths.directory,
    inspect,
    teller: { agent, name, self: commandOf(options.state) },
    outbox: new Outbox({ deliver, tell: (level, event, fields) => tell({ name: event, level, fields }) }),
    onFailure: (error) =>
      tell({ name: "agent.handoffFailed", level: "warn", fields: { cause: messageOf(error) } }),
    onMended: () => tell({ name: "agent.handoffWorks", level: "info", fields: {} }),
  });
}

/** What is wrong with the registration of plug-ins keeps nothing else from being healed. */
function pluginsOf(state: AgentState, tell: (entry: LogEntry) => void): PluginRegistry {
  try {
    return readPlugins(state.paths.directory);
  } catch (error) {
    tell({ name: "agent.pluginsRefused", level: "error", fields: { cause: messageOf(error) } });
    return { v: 1, plugins: {} };
  }
}

/** What a command about this agent begins with: people copy it from a message. */
function commandOf(stateDirectory: string): string {
  const state = resolve(stateDirectory);
  const usual = defaultStateDirectory(process.env, process.getuid?.() ?? 0);
  return state === usual ? "antibody" : `antibody --state ${state}`;
}

function endProcess(): void {
  process.exit(1);
}

/** Loaded late: libp2p takes as long to load as many repairs. */
const openLibp2p: OpenNetwork = async (options) => {
  const { openNetwork } = await import("./network/network.ts");
  return openNetwork(options);
};

function signerOf({ certificate, key, charter }: AgentState, crypto: Crypto): StatementSigner {
  return { sign: (statement) => signStatement(statement, { certificate, signer: key }, charter, crypto) };
}
