import { type HandoffConfig, type HandoffTarget, shownTarget } from "@antibody/agent/state";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { CliError, exitCode, usageError } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import { readDuration } from "../../options.ts";
import type { Verb } from "../../verb.ts";

/** What the commands about handoff tell, as `--json` prints it. */
interface HandoffView {
  readonly schema: "antibody.handoff/1";
  readonly targets: readonly { readonly type: HandoffTarget["type"]; readonly host: string }[];
  readonly raiseAfter?: string;
  readonly clearAfter?: string;
  /** Of `handoff test`: how each delivery ended. */
  readonly delivered?: readonly {
    readonly target: string;
    readonly result: string;
    readonly cause?: string;
  }[];
}

/** `antibody handoff list`: who is told of incidents. */
export const handoffList: Verb<object> = {
  usage: "list",
  summary:
    "Who is told when the agent gives a case to a human. Addresses are secrets: their hosts are shown.",
  examples: ["antibody handoff list"],
  exits: [[0, "shown"]],
  asksAgent: false,
  async run({ invocation }) {
    print(invocation, await read(invocation));
    return exitCode.ok;
  },
};

interface AddOptions {
  readonly header?: readonly (readonly [string, string])[];
  readonly token?: string;
  readonly raiseAfter?: string;
  readonly clearAfter?: string;
}

/** `antibody handoff add webhook|ntfy URL`: one more who is told. */
export const handoffAdd: Verb<AddOptions> = {
  usage: "add <type> <url>",
  summary:
    "Tell a webhook, or a topic of ntfy, of cases. The owner decides this on the device; no policy reaches it.",
  examples: [
    "antibody handoff add ntfy https://ntfy.sh/a-topic-that-nobody-guesses",
    'antibody handoff add webhook https://hooks.example.org/T1 --header "Authorization: Bearer XYZ"',
  ],
  exits: [
    [0, "added; it holds from now on"],
    [1, "the configuration cannot be written, or is not well formed"],
  ],
  asksAgent: false,
  declare: (command: Command) =>
    void command
      .option("--header <line>", "a header of a webhook; several times for several", readHeader)
      .option("--token <token>", "an access token of ntfy")
      .option("--raise-after <span>", "a case is told when it is open for so long; default: 1m", readSpan)
      .option("--clear-after <span>", "its end is told when it is kept for so long; default: 5m", readSpan),
  async run({ invocation, options, args: [type = "", url = ""] }) {
    const config = await read(invocation);
    const { raiseAfter, clearAfter } = options;
    const changed: HandoffConfig = {
      ...config,
      ...(raiseAfter === undefined ? {} : { raiseAfter }),
      ...(clearAfter === undefined ? {} : { clearAfter }),
      targets: [...config.targets.filter((each) => each.url !== url), targetOf(type, url, options)],
    };
    await write(invocation, changed);
    print(invocation, changed);
    return exitCode.ok;
  },
};

/** `antibody handoff remove URL-OR-HOST`: one fewer. */
export const handoffRemove: Verb<object> = {
  usage: "remove <url-or-host>",
  summary: "Tell one of them no more.",
  examples: ["antibody handoff remove ntfy.sh"],
  exits: [
    [0, "removed"],
    [1, "nobody is told there"],
  ],
  asksAgent: false,
  async run({ invocation, args: [text = ""] }) {
    const config = await read(invocation);
    const targets = config.targets.filter(({ url }) => url !== text && URL.parse(url)?.host !== text);
    if (targets.length === config.targets.length)
      throw new CliError({
        code: "notFound",
        message: `nobody is told at ${text.slice(0, 80)}`,
        cause: "no target has this address or host",
        next: `${invocation.self} handoff list`,
        exit: exitCode.failed,
      });
    const changed = { ...config, targets };
    await write(invocation, changed);
    print(invocation, changed);
    return exitCode.ok;
  },
};

/** `antibody handoff test`: whether messages arrive. */
export const handoffTest: Verb<object> = {
  usage: "test",
  summary: "Send a message to everyone who is told, and say how it went.",
  examples: ["antibody handoff test"],
  exits: [
    [0, "all took it"],
    [1, "some did not"],
  ],
  asksAgent: true,
  async run({ invocation }) {
    const { deliver, testMessage } = await import("@antibody/agent");
    const config = await read(invocation);
    const { agent, name } = await invocation.client.inspect();
    const time = new Date(invocation.terminal.now()).toISOString();
    const message = testMessage({ agent, name, self: invocation.self }, time);
    const delivered = await Promise.all(
      config.targets.map(async (target) => {
        const result = await deliver(target, message);
        return {
          target: shownTarget(target),
          result: result.type,
          ...("cause" in result ? { cause: result.cause } : {}),
        };
      }),
    );
    print(invocation, config, delivered);
    return delivered.every(({ result }) => result === "delivered") ? exitCode.ok : exitCode.failed;
  },
};

async function read({ state }: Invocation): Promise<HandoffConfig> {
  const { readHandoffConfig } = await import("@antibody/agent/state");
  return readHandoffConfig(state);
}

async function write({ state }: Invocation, config: HandoffConfig): Promise<void> {
  const { writeHandoffConfig } = await import("@antibody/agent/state");
  writeHandoffConfig(state, config);
}

/** As it was written, since the configuration is for people to read. */
function readSpan(text: string): string {
  readDuration(text);
  return text;
}

function targetOf(type: string, url: string, { header, token }: AddOptions): HandoffTarget {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ""))
    throw usageError(
      "that is no address of the web",
      "expected an http or https address, such as https://ntfy.sh/a-topic",
      "antibody handoff add --help",
    );
  switch (type) {
    case "webhook":
      return { type, url, ...(header === undefined ? {} : { headers: Object.fromEntries(header) }) };
    case "ntfy":
      return { type, url, ...(token === undefined ? {} : { token }) };
    default:
      throw usageError(
        `there is no ${type.slice(0, 40)}`,
        "it is webhook or ntfy",
        "antibody handoff add --help",
      );
  }
}

function readHeader(
  line: string,
  before: readonly (readonly [string, string])[] | undefined,
): readonly (readonly [string, string])[] {
  const [, name, value] = /^([A-Za-z0-9-]{1,64}):\s*(.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Write "Name: value".');
  return [...(before ?? []), [name, value]];
}

function print(
  { print, self }: Invocation,
  config: HandoffConfig,
  delivered?: NonNullable<HandoffView["delivered"]>,
): void {
  const { raiseAfter, clearAfter } = config;
  const view: HandoffView = {
    schema: "antibody.handoff/1",
    targets: config.targets.map(({ type, url }) => ({ type, host: URL.parse(url)?.host ?? "" })),
    ...(raiseAfter === undefined ? {} : { raiseAfter }),
    ...(clearAfter === undefined ? {} : { clearAfter }),
    ...(delivered === undefined ? {} : { delivered }),
  };
  print(view, () => linesOf(view, self));
}

function linesOf({ targets, delivered }: HandoffView, self: string): readonly string[] {
  if (targets.length === 0) return ["nobody is told of cases", `next: ${self} handoff add ntfy URL`];
  if (delivered !== undefined)
    return delivered.map(
      ({ target, result, cause }) => `${target}: ${result}${cause === undefined ? "" : `, ${cause}`}`,
    );
  return [...targets.map(({ type, host }) => `${type} ${host}`), `next: ${self} handoff test`];
}
