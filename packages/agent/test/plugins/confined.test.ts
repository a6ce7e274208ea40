import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import type { Observation } from "@antibody/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { whyWithout } from "../../../cli/test/tools.ts";
import { alive } from "../device/processes.ts";
import { makePlace, Rig, resource, until } from "../device/rig.ts";

const example = join(import.meta.dirname, "..", "..", "..", "..", "examples", "plugins", "greeting.py");
const id = resource("plugin:nosy/neighbor");

/** A plug-in that tells what it may: as whom it runs, where it can write, and whom it can reach. */
const nosy = `
  const [inside, outside, port] = process.argv.slice(1);
  const say = (message) => console.log(JSON.stringify(message));
  const writes = (directory) => {
    try { require("node:fs").writeFileSync(directory + "/mine", ""); return "may write"; }
    catch (error) { return error.code; }
  };
  say({ v: 1, plugin: "nosy" });
  require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const { id, do: what } = JSON.parse(line);
    if (what !== "observe") return;
    const tell = (network) => say({ id, kept: false, drift: [
      process.getuid(), writes(inside), writes(outside), network, process.pid,
    ].join(", ") });
    require("node:net").connect(Number(port), "127.0.0.1")
      .on("connect", () => tell("may connect")).on("error", (error) => tell(error.code));
  });`;

/** What confines a plug-in, as docs/plugins.md says it; and what it then may. */
const confinements = [
  { by: "nothing", tools: [], before: () => [], may: /^0, may write, may write, may connect/ },
  {
    by: "another user",
    tools: ["setpriv"],
    before: () => ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"],
    may: /^65534, may write, EACCES, may connect/,
  },
  {
    by: "bwrap",
    tools: ["bwrap"],
    before: (inside: string) => [
      ...["bwrap", "--ro-bind", "/", "/", "--bind", inside, inside, "--dev", "/dev"],
      ...["--unshare-net", "--die-with-parent"],
    ],
    may: /^0, may write, EROFS, ECONNREFUSED/,
  },
  {
    by: "a network of its own",
    tools: ["unshare"],
    before: () => ["unshare", "--net"],
    may: /^0, may write, may write, ENETUNREACH/,
  },
];

async function seen(rig: Rig): Promise<Observation> {
  return until("an answer", () => {
    const input = rig.inputs.find((each) => each.type === "observed" || each.type === "unobservable");
    if (input?.type === "unobservable") throw new Error(`${input.failure.code}: ${input.failure.message}`);
    return input?.type === "observed" ? input.observation : undefined;
  });
}

const whyNot = process.getuid?.() === 0 ? undefined : "needs root, which may become others";

describe.each(confinements)("a plug-in that the owner confines by $by", ({ tools, before, may }) => {
  test("may that and no more, and ends with the agent", async (context) => {
    const why = whyNot ?? whyWithout(...tools);
    if (why !== undefined) return context.skip(why);
    const place = makePlace();
    const [inside, outside] = [join(place.root, "inside"), join(place.root, "outside")];
    for (const directory of [inside, outside]) mkdirSync(directory);
    chownSync(inside, 65_534, 65_534);
    chmodSync(dirname(place.root), 0o755);
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((open) => server.listen(0, "127.0.0.1", open));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { readonly port: number };
    const program = [process.execPath, "-e", nosy, inside, outside, String(port)];
    const rig = new Rig(
      { plugins: { v: 1, plugins: { nosy: { command: [...before(inside), ...program] } } } },
      place,
    );
    rig.device.watch(id, { fields: {} }, false);
    rig.device.observe(id);
    const observation = await seen(rig);
    expect(String(observation["drift"])).toMatch(may);
    const pid = Number(String(observation["drift"]).split(", ")[4]);
    await rig.device.stop("stop");
    await until("it has ended", () => !alive(pid));
  });
});

test("the example keeps its greetings from within bwrap, and can do nothing beside", async (context) => {
  const why = whyWithout("bwrap", "python3");
  if (why !== undefined) return context.skip(why);
  const place = makePlace();
  const directory = join(place.root, "greetings");
  mkdirSync(directory);
  const bwrap = ["bwrap", "--ro-bind", "/", "/", "--bind", directory, directory, "--dev", "/dev"];
  const command = [...bwrap, "--unshare-net", "--die-with-parent", example, directory];
  const rig = new Rig({ plugins: { v: 1, plugins: { greeting: { command } } } }, place);
  const greeting = rig.promise("plugin:greeting/lobby", { fields: { text: "welcome" } });
  await rig.kept(greeting);
  expect(readFileSync(join(directory, "lobby"), "utf8")).toBe("welcome\n");
  expect(readdirSync(directory)).toEqual(["lobby"]);
  expect(existsSync(join(place.root, "lobby"))).toBe(false);
});
