import type { PluginRegistry } from "@antibody/agent/state";
import { parseDuration, resourceTypes } from "@antibody/core";
import { isPlainObject, parseResourceId, type ResourceId } from "@antibody/policy";
import { InvalidArgumentError } from "commander";
import { CliError, exitCode, messageOf, usageError } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import { readName } from "../../options.ts";
import { shellWord } from "../../self.ts";
import { labeled } from "../../text/table.ts";
import type { Verb } from "../../verb.ts";

/** What `plugin list`, `add` and `remove` tell, as `--json` prints it. */
interface PluginsView {
  readonly schema: "antibody.plugins/1";
  readonly plugins: readonly { readonly name: string; readonly command: readonly string[] }[];
}

/** `antibody plugin list`: what is registered. */
export const pluginList: Verb<object> = {
  usage: "list",
  summary: "The programs that are registered to keep resources of their own kind.",
  examples: ["antibody plugin list"],
  exits: [[0, "shown"]],
  asksAgent: false,
  async run({ invocation }) {
    const { readPlugins } = await import("@antibody/agent/state");
    print(invocation, readPlugins(invocation.state));
    return exitCode.ok;
  },
};

/** `antibody plugin add NAME COMMAND...`: registers a program. */
export const pluginAdd: Verb<object> = {
  usage: "add <name> <command...>",
  summary:
    "Register a program by its absolute path; what confines it stands before it. Holds from the next start.",
  examples: [
    "antibody plugin add greeting -- /opt/plugins/greeting.py /srv",
    "antibody plugin add greeting -- /usr/bin/setpriv --reuid=nobody /opt/plugins/greeting.py /srv",
    "antibody plugin add greeting -- /usr/bin/bwrap --ro-bind / / /opt/plugins/greeting.py /srv",
  ],
  exits: [
    [0, "registered; it holds from the next start of the agent"],
    [1, "the command is not well formed, or the registration cannot be written"],
  ],
  asksAgent: false,
  async run({ invocation, args: [text = "", ...command] }) {
    const { readPlugins, writePlugins } = await import("@antibody/agent/state");
    const { plugins } = readPlugins(invocation.state);
    const registry: PluginRegistry = { v: 1, plugins: { ...plugins, [readName(text)]: { command } } };
    writePlugins(invocation.state, registry);
    print(invocation, registry);
    return exitCode.ok;
  },
};

/** `antibody plugin remove NAME`: registers a program no more. */
export const pluginRemove: Verb<object> = {
  usage: "remove <name>",
  summary: "Register a program no more. Holds from the next start of the agent.",
  examples: ["antibody plugin remove greeting"],
  exits: [
    [0, "removed"],
    [1, "there is no such plug-in"],
  ],
  asksAgent: false,
  async run({ invocation, args: [name = ""] }) {
    const { readPlugins, writePlugins } = await import("@antibody/agent/state");
    const { plugins } = readPlugins(invocation.state);
    known(plugins, name, invocation);
    const left = Object.entries(plugins).filter(([each]) => each !== name);
    const registry: PluginRegistry = { v: 1, plugins: Object.fromEntries(left) };
    writePlugins(invocation.state, registry);
    print(invocation, registry);
    return exitCode.ok;
  },
};

interface CheckOptions {
  readonly fields?: { readonly [field: string]: unknown };
  readonly repair?: boolean;
  readonly timeout?: number;
}

/** What `plugin check` tells, as `--json` prints it. */
interface PluginCheckView {
  readonly schema: "antibody.pluginCheck/1";
  readonly resource: string;
  readonly kept: boolean;
  readonly drift: string;
  readonly repair: string;
  readonly steps: readonly string[];
  readonly result?: string;
  readonly keptAfterwards?: boolean;
}

/** Guess: as long as a promise gives where it does not say. */
const checkTimeoutMs = 30_000;

/** `antibody plugin check RESOURCE`: asks a plug-in as the agent would. */
export const pluginCheck: Verb<CheckOptions> = {
  usage: "check <resource>",
  summary: "Start a registered plug-in by itself and ask it about one resource, as the agent would.",
  examples: [
    `antibody plugin check plugin:greeting/lobby --fields '{"text":"welcome"}'`,
    `antibody plugin check plugin:greeting/lobby --fields '{"text":"welcome"}' --repair`,
  ],
  exits: [
    [0, "it is kept, or was repaired"],
    [1, "it is not kept, or the plug-in does not do as it should"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command
      .option("--fields <json>", "what the promise would say", readFields)
      .option("--repair", "also repair what is not kept, and look again")
      .option("--timeout <span>", "how long one answer may take; default: 30s", readSpan),
  async run({ invocation, options, args: [text = ""] }) {
    const view = await check(invocation, text, options);
    invocation.print(view, () => checkLines(view));
    return (view.keptAfterwards ?? view.kept) ? exitCode.ok : exitCode.failed;
  },
};

async function check(
  invocation: Invocation,
  text: string,
  { fields = {}, repair, timeout }: CheckOptions,
): Promise<PluginCheckView> {
  const parts = parseResourceId(text.startsWith("plugin:") ? text : `plugin:${text}`);
  const type = resourceTypes.find(({ kind }) => kind === "plugin");
  const [wrong] = parts === undefined ? [] : (type?.check(parts.name, {}) ?? []);
  if (parts === undefined || wrong !== undefined)
    throw usageError(
      "no such resource can be",
      wrong?.message ?? "expected plugin:NAME/WHAT",
      `${invocation.self} plugin list`,
    );
  const slash = parts.name.indexOf("/");
  const name = parts.name.slice(0, slash);
  const { readPlugins } = await import("@antibody/agent/state");
  const { Plugins } = await import("@antibody/agent");
  const registry = readPlugins(invocation.state);
  known(registry.plugins, name, invocation);
  const plugins = new Plugins(registry, () => undefined);
  const question = { resource: parts.id as ResourceId, name: parts.name.slice(slash + 1), fields };
  const timeoutMs = timeout ?? checkTimeoutMs;
  const signal = invocation.terminal.interrupted;
  const steps: string[] = [];
  try {
    const host = plugins.host(name);
    const look = async () => {
      const { kept, drift, repair } = await host.observe(question, timeoutMs, signal);
      return { kept: kept === true, drift: String(drift), repair: String(repair) };
    };
    const seen = await look();
    const view = { schema: "antibody.pluginCheck/1", resource: parts.id, ...seen, steps } as const;
    if (seen.kept || repair !== true) return view;
    const run = {
      signal,
      progress: (step: number, of: number, note: string) => void steps.push(`${step} of ${of}: ${note}`),
    };
    const result = await host.repair({ ...question, repair: seen.repair }, timeoutMs, run);
    const told = result.type === "canceled" ? "canceled" : result.detail;
    return { ...view, result: told, keptAfterwards: (await look()).kept };
  } catch (error) {
    throw new CliError({
      code: "plugin",
      message: `the plug-in ${name} does not do as it should`,
      cause: messageOf(error),
      next: "docs/plugins.md says what is asked and answered",
      exit: exitCode.failed,
    });
  } finally {
    await plugins.stop();
  }
}

function known(plugins: PluginRegistry["plugins"], name: string, { self }: Invocation): void {
  if (Object.hasOwn(plugins, name)) return;
  throw new CliError({
    code: "notFound",
    message: `no plug-in ${name.slice(0, 80)}`,
    cause: "nobody registered one of this name on this device",
    next: `${self} plugin list`,
    exit: exitCode.failed,
  });
}

function print({ print, self }: Invocation, { plugins }: PluginRegistry): void {
  const view: PluginsView = {
    schema: "antibody.plugins/1",
    plugins: Object.entries(plugins).map(([name, { command }]) => ({ name, command })),
  };
  print(view, () =>
    view.plugins.length === 0
      ? ["no plug-in is registered", `next: ${self} plugin add NAME -- COMMAND`]
      : [
          ...view.plugins.flatMap(({ name, command }) => labeled(name, command.map(shellWord).join(" "), 12)),
          "what changed holds from the next start of the agent",
        ],
  );
}

function checkLines(view: PluginCheckView): readonly string[] {
  const line = (label: string, text: string): readonly string[] => labeled(label, text, 8);
  return [
    ...line("resource", view.resource),
    ...line("state", view.kept ? "kept" : "not as promised"),
    ...(view.drift === "" ? [] : line("drift", view.drift)),
    ...(view.kept ? [] : line("repair", view.repair === "" ? "the plug-in knows none" : view.repair)),
    ...view.steps.flatMap((step) => line("step", step)),
    ...(view.result === undefined ? [] : line("result", view.result)),
    ...(view.keptAfterwards === undefined
      ? []
      : line("then", view.keptAfterwards ? "kept" : "still not as promised")),
  ];
}

function readFields(text: string): { readonly [field: string]: unknown } {
  try {
    const fields: unknown = JSON.parse(text);
    if (isPlainObject(fields)) return fields;
  } catch {
    // Told below, as what is no object.
  }
  throw new InvalidArgumentError("Write an object of JSON.");
}

function readSpan(text: string): number {
  const spanMs = parseDuration(text);
  if (spanMs === undefined) throw new InvalidArgumentError("Write a duration such as 10s.");
  return spanMs;
}
