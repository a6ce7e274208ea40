import type { BundleDocument, ResourceId } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import type { Output } from "../../src/contract/output.ts";
import { commandBytes, keyedDigest, type ProcessPromise } from "../../src/resources/index.ts";
import { defaultSettings } from "../../src/settings.ts";
import { author, crypto, grantTo, type Life, mindOf, options } from "./minds.ts";

const command = { command: ["/usr/bin/web"] };
const promises = {
  "role:web": { count: 1 },
  "process:web": { ...command, while: ["role:web"] },
  "capability:web": { port: 80, while: ["role:web", "process:web"] },
} as unknown as BundleDocument["promises"];
const running = {
  type: "running",
  pid: 7,
  startTicks: 7,
  commandDigest: keyedDigest(crypto, options.digestKey, commandBytes(command as ProcessPromise)),
};

/** A mind alone in its swarm, with a role, a process and a capability; what an earlier life left is stopped. */
function alone(): Life {
  const writer = author(1);
  const life = mindOf();
  life.start();
  life.grant({ ...grantTo(writer.root), scope: ["**"], powers: ["process", "expose"] });
  const outputs = [writer.root, ...writer.publish(1, [{ name: "all", promises }])].flatMap(
    (policy) => life.take(policy).outputs,
  );
  act(life, outputs, "stop");
  return life;
}

/** Ends the one action that was asked for. */
function act(life: Life, outputs: readonly Output[], verb: string): readonly Output[] {
  const asked = outputs.flatMap((output) => (output.type === "act" ? [output] : []));
  expect(asked.map(({ plan }) => plan.verb)).toEqual([verb]);
  const [{ action } = { action: "0-0" as const }] = asked;
  return life.step({ type: "outcome", action, result: { type: "done", detail: "" } }).outputs;
}

function see(life: Life, observation: typeof running | { readonly type: "stopped" }): readonly Output[] {
  return life.step({ type: "observed", resource: "process:web" as ResourceId, observation }).outputs;
}

/** Time passes at once: the mind sleeps. */
function sleep(life: Life, ms: number): readonly Output[] {
  life.now = { monoMs: life.now.monoMs + ms, wallMs: life.now.wallMs + ms };
  return life.step({ type: "wake" }).outputs;
}

/** Time passes, and the mind is woken as it asks for. */
function later(life: Life, ms: number): readonly Output[] {
  const end = life.now.monoMs + ms;
  const outputs: Output[] = [];
  while (life.now.monoMs < end) outputs.push(...sleep(life, Math.min(500, end - life.now.monoMs)));
  return outputs;
}

function phases(life: Life): Readonly<Record<string, string>> {
  return Object.fromEntries(
    life.mind.inspect(life.now).resources.map(({ resource, phase }) => [resource, phase]),
  );
}

/** What the outputs let the peers hear of this agent. */
function announced(outputs: readonly Output[]): readonly string[] | undefined {
  return outputs
    .flatMap((output) =>
      output.type === "sign" && output.statement.type === "entry" ? [output.statement] : [],
    )
    .at(-1)?.capabilities;
}

describe("a mind with a role", () => {
  it("stands by, takes the role up after a while, starts what goes with it, and then announces it", () => {
    const life = alone();
    expect(phases(life)).toEqual({
      "capability:web": "standingBy",
      "process:web": "standingBy",
      "role:web": "standingBy",
    });
    expect(later(life, defaultSettings.roleSettleMs - 1).some(({ type }) => type === "act")).toBe(false);
    const taken = later(life, 1);
    expect(announced(taken)).toEqual(["role:web:holds"]);
    const started = act(life, see(life, { type: "stopped" }), "start");
    expect(started.some(({ type }) => type === "observe")).toBe(true);
    expect(phases(life)).toMatchObject({ "role:web": "kept", "capability:web": "drifted" });
    expect(announced(see(life, running))).toEqual(["role:web:holds", "web"]);
    expect(new Set(Object.values(phases(life)))).toEqual(new Set(["kept"]));
  });

  it("goes on in another process as it stood, at every moment", () => {
    const life = alone();
    const moved = alone().moved();
    expect(later(moved, 3_000)).toEqual(later(life, 3_000));
    const again = moved.moved();
    expect(see(again, { type: "stopped" })).toEqual(see(life, { type: "stopped" }));
    expect(again.mind.inspect(again.now).roles).toEqual(life.mind.inspect(life.now).roles);
  });

  it("listens again after a sleep", () => {
    const life = alone();
    sleep(life, 60_000);
    expect(phases(life)).toMatchObject({ "role:web": "standingBy" });
    later(life, defaultSettings.roleSettleMs - 1);
    expect(phases(life)).toMatchObject({ "role:web": "standingBy" });
    later(life, 1);
    expect(phases(life)).toMatchObject({ "role:web": "kept" });
  });

  it("leaves the role's word among what it announces, however many capabilities it promises", () => {
    const writer = author(1);
    const life = mindOf();
    life.start();
    life.grant({ ...grantTo(writer.root), scope: ["**"], powers: ["expose"] });
    const many = Array.from({ length: 40 }, (_, index) => [`capability:c${index}`, { port: 80 }] as const);
    const all = {
      "role:web": { count: 1 },
      ...Object.fromEntries(many),
    } as unknown as BundleDocument["promises"];
    const outputs = [writer.root, ...writer.publish(1, [{ name: "all", promises: all }])].flatMap(
      (policy) => life.take(policy).outputs,
    );
    expect(announced(outputs)).toContain("role:web");
    expect(announced(outputs)).toHaveLength(32);
  });
});
