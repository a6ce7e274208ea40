import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Observation, resourceTypes } from "@antibody/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { whyWithout } from "../../../cli/test/tools.ts";
import { makePlace, Rig, resource, until } from "../device/rig.ts";

const examples = join(import.meta.dirname, "..", "..", "..", "..", "examples", "plugins");
const context = { digest: () => "" };
const pluginType =
  resourceTypes.find(({ kind }) => kind === "plugin") ??
  (() => {
    throw new Error("plug-ins are a type");
  })();
/** For a long look: ANTIBODY_CONTRACT_RUNS=200. */
const runsAsked = process.env["ANTIBODY_CONTRACT_RUNS"];

/** The examples of docs/plugins.md, and how many broken states each is put through: sh starts a jq for each field. */
const plugins = [
  ["greeting.py", ["python3"], 10],
  ["greeting.sh", ["sh", "jq"], 2],
] as const;

interface Stage {
  readonly rig: Rig;
  readonly directory: string;
}

function stage(file: string): Stage {
  const place = makePlace();
  const directory = join(place.root, "greetings");
  mkdirSync(directory);
  const command = [join(examples, file), directory];
  return { rig: new Rig({ plugins: { v: 1, plugins: { greeting: { command } } } }, place), directory };
}

async function look(rig: Rig, id: ReturnType<typeof resource>): Promise<Observation> {
  rig.inputs.length = 0;
  rig.device.observe(id);
  return until("seen", () => {
    // The plug-in may wake the other one meanwhile.
    const input = rig.inputs.find(
      (each) => (each.type === "observed" || each.type === "unobservable") && each.resource === id,
    );
    if (input?.type === "unobservable") throw new Error(`${input.failure.code}: ${input.failure.message}`);
    return input?.type === "observed" ? input.observation : undefined;
  });
}

describe.each(plugins)("the example %s passes the contract of every resource type", (file, tools, runs) => {
  const why = whyWithout(...tools);

  test("converges from any broken state, and is inert when kept", async (context_) => {
    if (why !== undefined) return context_.skip(why);
    const { rig, directory } = stage(file);
    const damage = fc.option(fc.string({ maxLength: 30 }), { nil: undefined });
    const text = fc.stringMatching(/^[ -~]{1,30}$/).filter((each) => !/^ | $|["\\]/.test(each));
    const ids = ["lobby", "attic/left"].map((name) => resource(`plugin:greeting/${name}`));
    await fc.assert(
      fc.asyncProperty(fc.tuple(damage, damage), fc.tuple(text, text), async (damages, texts) => {
        // Two of them at once: each leaves the other alone.
        for (const [index, id] of ids.entries()) {
          const path = join(directory, index === 0 ? "lobby" : "attic_left");
          rmSync(path, { force: true });
          const before = damages[index];
          if (before !== undefined) writeFileSync(path, before);
          rig.device.watch(id, { fields: { text: texts[index] ?? "" } }, false);
        }
        for (const [index, id] of ids.entries()) {
          const promise = { fields: { text: texts[index] ?? "" } };
          const seen = await look(rig, id);
          const drift = pluginType.diff(promise, seen, context);
          const plan = drift === undefined ? undefined : pluginType.plan(promise, seen, drift);
          if (plan !== undefined) expect((await rig.act(id, promise, plan.verb)).type).toBe("done");
        }
        for (const [index, id] of ids.entries()) {
          const promise = { fields: { text: texts[index] ?? "" } };
          expect(pluginType.diff(promise, await look(rig, id), context)).toBeUndefined();
        }
        expect(readFileSync(join(directory, "lobby"), "utf8")).toBe(`${texts[0]}\n`);
        expect(readdirSync(directory)).toEqual(["attic_left", "lobby"]);
        expect(existsSync(join(directory, "..", "left"))).toBe(false);
      }),
      { numRuns: Number(runsAsked ?? runs) },
    );
  }, 600_000);

  test("is never worse after a failed repair, and says why with the code of the system", async (context_) => {
    if (why !== undefined) return context_.skip(why);
    const { rig, directory } = stage(file);
    const id = resource("plugin:greeting/lobby");
    const promise = { fields: { text: "welcome" } };
    writeFileSync(join(directory, "lobby"), "before");
    // What stands in the way of the new file can be neither written nor removed.
    mkdirSync(join(directory, "lobby.new"));
    writeFileSync(join(directory, "lobby.new", "in the way"), "");
    rig.device.watch(id, promise, false);
    await look(rig, id);
    const result = await rig.act(id, promise, "repair");
    expect(result).toMatchObject({ type: "failed", code: "EIO" });
    expect(readFileSync(join(directory, "lobby"), "utf8")).toBe("before");
  });

  test("reports its steps", async (context_) => {
    if (why !== undefined) return context_.skip(why);
    const { rig } = stage(file);
    const id = resource("plugin:greeting/lobby");
    const promise = { fields: { text: "welcome" } };
    rig.device.watch(id, promise, false);
    await look(rig, id);
    await rig.act(id, promise, "repair");
    const steps = rig.inputs.flatMap((input) =>
      input.type === "progress" ? [`${input.step}/${input.of}`] : [],
    );
    expect(steps).toEqual(["1/2", "2/2"]);
  });
});

test("the example in Python wakes the agent by itself", async (context_) => {
  const why = whyWithout("python3");
  if (why !== undefined) return context_.skip(why);
  const { rig, directory } = stage("greeting.py");
  const id = resource("plugin:greeting/lobby");
  writeFileSync(join(directory, "lobby"), "welcome\n");
  rig.device.watch(id, { fields: { text: "welcome" } }, true);
  expect(await look(rig, id)).toMatchObject({ kept: true });
  rig.inputs.length = 0;
  writeFileSync(join(directory, "lobby"), "go away\n");
  // Nobody asks.
  await until("told by the plug-in", () =>
    rig.inputs.some((input) => input.type === "observed" && input.observation["kept"] === false),
  );
});
