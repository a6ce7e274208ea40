import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, statfsSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { holdsAgent, lastHolder, StateError, statePaths } from "@antibody/agent/state";
import { CliError } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import { installLayout } from "../service/layout.ts";
import { startCommand, systemdRuns, systemUnitPaths } from "../service/manager.ts";
import { unitName } from "../service/unit.ts";
import { version } from "../version.ts";
import type { AgentFacts, DiskFacts, EntryFacts, Facts, ServiceFacts } from "./facts.ts";
import { inotifyFacts, isReadOnly, isSynchronized, processFacts } from "./proc.ts";

/** How long an address of this device may take to answer. Guess. */
const answerMsMax = 1_000;
/** Entries of the state directory that are looked at: far more than there are. */
const entriesMax = 1_000;

/** Looks at everything that the checks judge. */
export async function gatherFacts({ state, self, terminal, client }: Invocation): Promise<Facts> {
  const agent = await agentFacts(state, () => client.inspect());
  const entries = entryFacts(state);
  const owner = agent.type === "running" ? agent.process?.userId : entries[0]?.userId;
  return {
    state,
    self,
    start: startCommand(state) ?? `${self} run`,
    version,
    wallMs: terminal.now(),
    agent,
    service: serviceFacts(terminal.userId, terminal.environment),
    clock: { lastWrittenMs: lastWrittenMs(state), synchronized: isSynchronized() },
    disk: diskFacts(state),
    inotify: inotifyFacts(owner ?? terminal.userId),
    entries,
    addresses: await addressFacts(agent, client),
  };
}

async function agentFacts(
  state: string,
  inspect: () => Promise<Extract<AgentFacts, { type: "running" }>["inspection"]>,
): Promise<AgentFacts> {
  try {
    const inspection = await inspect();
    const pid = mayRead(state) ? lastHolder(state) : undefined;
    return { type: "running", inspection, process: pid === undefined ? undefined : processFacts(pid) };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (error.code === "denied") return { type: "denied", cause: error.why };
    if (error.code !== "notRunning") return { type: "failed", cause: error.why };
    return unreachedFacts(state);
  }
}

/** Of an agent that nobody answers for. */
function unreachedFacts(state: string): AgentFacts {
  try {
    return holdsAgent(state) ? { type: "notRunning" } : { type: "notBegun" };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { type: "denied", cause: error.message };
  }
}

function serviceFacts(userId: number, environment: Invocation["terminal"]["environment"]): ServiceFacts {
  const systemd = systemdRuns();
  const own = installLayout(userId, environment);
  const installed = [...systemUnitPaths, own.unit].some((path) => existsSync(path));
  if (!systemd || !installed) return { systemd, installed, enabled: undefined };
  const scope = systemUnitPaths.some((path) => existsSync(path)) ? [] : ["--user"];
  const { status, stdout } = spawnSync("systemctl", [...scope, "is-enabled", unitName], { encoding: "utf8" });
  return { systemd, installed, enabled: stdout.trim() === "" ? undefined : status === 0 };
}

function lastWrittenMs(state: string): number | undefined {
  if (!mayRead(state)) return undefined;
  return statSync(statePaths(state).journal, { throwIfNoEntry: false })?.mtimeMs;
}

function diskFacts(state: string): DiskFacts | undefined {
  if (!existsSync(state)) return undefined;
  const { bavail, blocks, bsize, ffree, files } = statfsSync(state);
  return {
    freeBytes: bavail * bsize,
    sizeBytes: blocks * bsize,
    freeFiles: ffree,
    sizeFiles: files,
    readOnly: isReadOnly(state),
  };
}

function entryFacts(state: string): readonly EntryFacts[] {
  if (!mayRead(state)) return [];
  const authors = join(state, "author-keys");
  const paths = [
    state,
    ...readdirSync(state).map((name) => join(state, name)),
    ...(mayRead(authors) ? readdirSync(authors).map((name) => join(authors, name)) : []),
  ];
  return paths.slice(0, entriesMax).flatMap((path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || stat.isSymbolicLink()) return [];
    const socketFolder = path === join(state, "run");
    return socketFolder
      ? []
      : [{ path, userId: stat.uid, mode: stat.mode & 0o777, secret: path.endsWith(".key") }];
  });
}

function mayRead(directory: string): boolean {
  try {
    readdirSync(directory);
    return true;
  } catch {
    return false;
  }
}

/** Where the agent listens is in its log: it says so when the network is open. */
async function addressFacts(agent: AgentFacts, client: Invocation["client"]): Promise<Facts["addresses"]> {
  if (agent.type !== "running") return [];
  const line = (await client.log()).findLast(({ event }) => event === "agent.listening");
  const told = line?.["addresses"];
  const addresses = Array.isArray(told) ? told.filter((each) => typeof each === "string") : [];
  return Promise.all(addresses.map(async (address) => ({ address, answers: await answers(address) })));
}

/** Whether somebody accepts a connection on a TCP multiaddr of this device; what it is not is believed. */
function answers(address: string): Promise<boolean> {
  const [, , host, , port] = address.split("/");
  if (host === undefined || port === undefined || !/\/tcp\//.test(address)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: answerMsMax });
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}
