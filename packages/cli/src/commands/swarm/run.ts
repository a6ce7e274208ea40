import { statSync } from "node:fs";
import { resolve } from "node:path";
import { runtimeDirectory } from "@antibody/agent/control";
import { holdsAgent } from "@antibody/agent/state";
import { CliError, exitCode, usageError } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import { noMdnsText, readDuration, readListen, readName } from "../../options.ts";
import { beginningOf } from "../../self.ts";
import { serviceManager } from "../../service/notify.ts";
import { actAsOwnerOf } from "../../service/owner.ts";
import type { Verb } from "../../verb.ts";
import { version } from "../../version.ts";

interface RunOptions {
  readonly name?: string;
  readonly listen?: readonly string[];
  readonly join?: string;
  readonly root: string;
  readonly sweep?: number;
  /** False where it was refused. */
  readonly mdns: boolean;
}

/** `antibody run`: the agent itself, in the foreground. */
export const run: Verb<RunOptions> = {
  usage: "run",
  summary: "Run the agent in the foreground; its log goes to standard output, one JSON object a line.",
  examples: [
    "antibody run",
    "antibody run --join CODE --name greenhouse",
    "antibody --state /tmp/a run --root /tmp/a/root --listen /ip4/127.0.0.1/tcp/0",
  ],
  exits: [
    [0, "stopped in order, by SIGTERM, SIGINT or: antibody stop"],
    [1, "it could not start (another run holds the state, nothing there), or had to end"],
    [5, "the state belongs to someone else"],
    [75, "with --join: the inviter cannot be reached, or is busy"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command
      .option("--name <name>", "with --join: what this device is called; later it keeps its name", readName)
      .option(
        "--listen <multiaddr>",
        "where peers reach it (repeatable); default: any free TCP port",
        readListen,
      )
      .option("--join <code>", "join first, if there is no agent in the state yet")
      .option("--root <directory>", "prefixes every path of file-like resources", "/")
      .option("--no-mdns", noMdnsText)
      .option("--sweep <duration>", "look at every resource at least this often", readDuration),
  async run({ invocation, options }) {
    const root = readRoot(options.root);
    const { environment, userId } = invocation.terminal;
    actAsOwnerOf(invocation.state, [runtimeDirectory(invocation.state, environment, userId)]);
    // Loaded here: the other commands start without the body.
    const { startAgent } = await import("../../startAgent.ts");
    if (!holdsAgent(invocation.state)) await begin(invocation, options);
    const { interrupted } = invocation.terminal;
    const agent = await startAgent({
      state: invocation.state,
      root,
      build: version,
      mdns: options.mdns,
      ...(options.listen === undefined ? {} : { listen: options.listen }),
      ...(options.sweep === undefined ? {} : { settings: { sweepIntervalMs: options.sweep } }),
    });
    const manager = serviceManager({
      environment: invocation.terminal.environment,
      check: () => void agent.inspect(),
      onFailure: (cause) =>
        invocation.terminal.err(`antibody: systemd hears nothing of this agent: ${cause}\n`),
    });
    const stop = (): void => {
      manager?.stopping();
      // A failure to stop comes through `ended` as well.
      agent.stop().catch(() => undefined);
    };
    manager?.ready();
    if (interrupted.aborted) stop();
    else interrupted.addEventListener("abort", stop, { once: true });
    const { name } = agent.inspect();
    if (options.name !== undefined && options.name !== name) {
      invocation.terminal.err(`antibody: this agent is called ${name}, and keeps its name\n`);
    }
    await agent.ended;
    return exitCode.ok;
  },
};

/** There is no agent yet: joins with the code that was given, or says what to do. */
async function begin(invocation: Invocation, options: RunOptions): Promise<void> {
  if (options.join === undefined) {
    throw new CliError({
      code: "stateMissing",
      message: "there is no agent to run",
      cause: `nothing was begun in ${invocation.state}`,
      next: beginningOf(invocation.self),
      exit: exitCode.failed,
    });
  }
  if (options.name === undefined) {
    throw usageError("--join needs --name", "a member has a name in its swarm", "add --name NAME");
  }
  const { state } = invocation;
  const { joinAgent } = await import("@antibody/agent");
  const { join: code, name, mdns } = options;
  const joined = await joinAgent({ state, code, name, build: version, mdns });
  invocation.terminal.err(`joined as ${joined.name}; compare on the inviter: ${joined.sas}\n`);
}

function readRoot(text: string): string {
  const root = resolve(text);
  if (isDirectory(root)) return root;
  throw usageError(
    `${root} is not a directory that this user can see`,
    "--root prefixes every path of file-like resources",
    "make it first",
  );
}

/** One that this user may not look at is none for it. */
function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
