import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PrivateKey } from "@antibody/agent/state";
import { type AuthorKey, readKeyFile } from "../../packages/cli/src/author/keyFile.ts";
import { isRemote } from "../../packages/cli/src/author/sealing.ts";
import type { AgentProcess } from "../../packages/cli/src/demo/agent-process.ts";
import { Colony, FailedCommand } from "../../packages/cli/src/demo/colony.ts";
import { type CommandOutcome, type Launcher, runCommand } from "../../packages/cli/src/demo/command.ts";
import { until } from "../../packages/cli/src/demo/until.ts";
import { exitCode } from "../../packages/cli/src/errors.ts";
import type { Namespaces } from "./namespaces.ts";

/** The bundle that `npm test` builds before the tests run, on the Node that runs the tests. */
export const launcher: Launcher = {
  file: process.execPath,
  args: [join(import.meta.dirname, "..", "..", "dist", "antibody.mjs")],
};

/** Bound on every wait of a test with whole agents: only what hangs comes to it, and before the test's own. */
const waitMaxMs = 120_000;

/** How long a colony's own waits may last, of all tests that share it together. */
const colonyLifeMs = 1_200_000;

/** A colony with its temporary directory; `end` removes both. */
export interface TestColony {
  readonly colony: Colony;
  readonly signal: AbortSignal;
  end(): Promise<void>;
}

/** How the world of a test differs from loopback and today. */
interface ColonyWorld {
  /** One agent lives in each. */
  readonly namespaces?: Namespaces;
  /** All agents live in it. */
  readonly mounts?: { readonly enter: readonly string[]; pathOf(path: string): string };
  /** Words before the command, which set limits for it. */
  readonly within?: readonly string[];
  /** Flags of Node, before the bundle. */
  readonly nodeFlags?: readonly string[];
  /** Which build an agent is of, by its name; the bundle of `npm test` where nothing is said. */
  readonly builds?: Readonly<Record<string, Launcher>>;
  /** Where all agents listen; one address each where nothing is said. */
  readonly listen?: string;
  /** Every wait ends then; all that a file of tests may take where nothing is said. */
  readonly lifeMs?: number;
}

/** A colony on loopback, where nothing else is said. */
export function makeColony({
  namespaces,
  mounts,
  within = [],
  nodeFlags = [],
  builds = {},
  listen,
  lifeMs = colonyLifeMs,
}: ColonyWorld = {}): TestColony {
  const made = mkdtempSync(join(tmpdir(), "antibody-test-"));
  const directory = mounts?.pathOf(made) ?? made;
  const signal = AbortSignal.timeout(lifeMs);
  const colony = new Colony({
    directory,
    signal,
    launcherOf: (name) => {
      const enter = [
        ...(namespaces === undefined ? [] : ["ip", ...namespaces.enter(name)]),
        ...(mounts === undefined ? [] : ["nsenter", ...mounts.enter]),
        ...within,
      ];
      const build = builds[name] ?? launcher;
      const [file = build.file, ...args] = [...enter, build.file, ...nodeFlags, ...build.args];
      return { file, args };
    },
    listenOf: (name) => listen ?? `/ip4/${namespaces?.addressOf(name) ?? "127.0.0.1"}/tcp/0`,
  });
  return {
    colony,
    signal,
    end: async () => {
      await colony.end();
      rmSync(made, { recursive: true, force: true });
    },
  };
}

/** Founds a swarm with the first name and enrolls the others, a few at a time. Resolves when all see all. */
export async function form(
  test: TestColony,
  names: readonly string[],
  ...args: readonly string[]
): Promise<void> {
  const { colony } = test;
  const [founder, ...others] = names;
  if (founder === undefined) throw new Error("a swarm has a founder");
  await colony.command(founder, "init", "--name", founder);
  await colony.start(founder, ...args);
  const enrolledAtOnce = 4;
  for (let index = 0; index < others.length; index += enrolledAtOnce) {
    const batch = others.slice(index, index + enrolledAtOnce);
    await Promise.all(
      batch.map(async (name) => {
        await enroll(test, founder, name);
        await colony.start(name, ...args);
      }),
    );
  }
  await eventually("every agent to reach every other", () => allHold(colony.agents, names, "reachable"));
}

/** Invites a device, which joins with the code, also where others keep the founder busy; it does not run yet. */
async function enroll({ colony, signal }: TestColony, founder: string, name: string): Promise<void> {
  const invite = await colony.agent(founder).client.invite({ expiresInMs: 300_000, mayInvite: false });
  if (!("code" in invite)) throw new Error(`${founder} may not invite: ${invite.message}`);
  const joins = (): Promise<boolean> =>
    colony.command(name, "join", invite.code, "--name", name).then(
      () => true,
      (error: unknown) => {
        if (error instanceof FailedCommand && error.code === exitCode.tryAgain) return false;
        throw error;
      },
    );
  await until(`${name} to join`, signal, joins);
}

/** What a command of one agent's owner comes to, also where it fails. */
export function runOn(
  { colony, signal }: TestColony,
  name: string,
  ...args: readonly string[]
): Promise<CommandOutcome> {
  return runCommand(launcher, ["--state", colony.stateOf(name), ...args], signal);
}

/** Whether each agent holds the same verdict of each of the names, but of itself. */
export async function allHold(
  agents: readonly AgentProcess[],
  names: readonly string[],
  verdict: string,
): Promise<boolean> {
  for (const agent of agents) {
    const { members } = await agent.inspect();
    const holds = (name: string): boolean =>
      members.some((member) => member.name === name && member.verdict === verdict);
    if (!names.every((name) => name === agent.name || holds(name))) return false;
  }
  return true;
}

/** Waits for a condition of the world; rejects with what was waited for when it takes too long. */
export function eventually(
  what: string,
  condition: () => Promise<boolean> | boolean,
  boundMs = waitMaxMs,
): Promise<void> {
  return until(what, AbortSignal.timeout(boundMs), condition);
}

/** An author whose key lies in the clear. */
export type PlainKey = AuthorKey & { readonly key: PrivateKey };

/** Opens a key file that was made without a passphrase. */
export async function readPlainKey(keyFile: string): Promise<PlainKey> {
  const nobody = { environment: {}, canAsk: false, askSecret: async () => undefined };
  const author = await readKeyFile(keyFile, nobody);
  if (isRemote(author.key)) throw new Error(`${keyFile} lies in no file`);
  return { ...author, key: author.key };
}

/** An author made on one agent and accepted by all of them, and a way to publish. */
export async function makeAuthor(
  { colony }: TestColony,
  on: string,
): Promise<{ readonly id: string; readonly rootFile: string; readonly keyFile: string }> {
  const made = await colony.command(on, "author", "keygen", "--name", "home", "--no-passphrase");
  const author = {
    id: String(made["author"]),
    rootFile: String(made["rootFile"]),
    keyFile: String(made["keyFile"]),
  };
  const grant = [
    "--scope",
    "**",
    "--rank",
    "10",
    "--mode",
    "enforce",
    "--power",
    "process,command,expose",
    "--yes",
  ];
  await Promise.all(
    colony.agents.map(({ name }) => colony.command(name, "trust", "add", author.rootFile, ...grant)),
  );
  return author;
}
