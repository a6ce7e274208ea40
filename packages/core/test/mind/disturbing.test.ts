import type { BundleDocument, ResourceId } from "@antibody/policy";
import { expect, it } from "vitest";
import type { Output } from "../../src/contract/output.ts";
import { keyedDigest } from "../../src/resources/index.ts";
import { defaultSettings } from "../../src/settings.ts";
import { author, crypto, grantTo, type Life, mindOf, options } from "./minds.ts";

const upgrade = "file:/etc/web.conf" as ResourceId;
const promises = {
  [upgrade]: { content: "ours\n", disturbs: ["role:web"] },
} as unknown as BundleDocument["promises"];

const kept = {
  type: "file",
  digest: keyedDigest(crypto, options.digestKey, new TextEncoder().encode("ours\n")),
  size: 5,
  mode: "0644",
  owner: "root:root",
};

/** A mind alone in its swarm, which finds a file broken whose repair disturbs a role. */
function broken(): { readonly life: Life; readonly outputs: readonly Output[] } {
  const writer = author(1);
  const life = mindOf();
  life.start();
  life.grant({ ...grantTo(writer.root), scope: ["**"] });
  for (const policy of [writer.root, ...writer.publish(1, [{ name: "all", promises }])]) life.take(policy);
  const { outputs } = life.step({ type: "observed", resource: upgrade, observation: { type: "absent" } });
  return { life, outputs };
}

function wakeAfter(life: Life, ms: number): readonly Output[] {
  life.now = { monoMs: life.now.monoMs + ms, wallMs: life.now.wallMs + ms };
  return life.step({ type: "wake" }).outputs;
}

/** What the outputs let the peers hear of this agent. */
function announced(outputs: readonly Output[]): readonly string[] | undefined {
  return outputs
    .flatMap((output) =>
      output.type === "sign" && output.statement.type === "entry" ? [output.statement] : [],
    )
    .at(-1)?.capabilities;
}

function why(life: Life): string | undefined {
  return life.mind.inspect(life.now).resources.find(({ resource }) => resource === upgrade)?.why;
}

it("asks, waits until others must have heard, has its turn, and gives it back", () => {
  const { life, outputs } = broken();
  expect(announced(outputs)).toEqual(["disturb:web:1"]);
  expect(outputs.some(({ type }) => type === "act")).toBe(false);
  expect(why(life)).toContain("waits for its turn to disturb role:web: others are told first");

  const begun = wakeAfter(life, defaultSettings.roleSettleMs);
  expect(announced(begun)).toEqual(["disturb:web:1:does"]);
  const act = begun.find((output) => output.type === "act");
  if (act?.type !== "act") throw new Error("no repair began");

  life.step({ type: "outcome", action: act.action, result: { type: "done", detail: "" } });
  const { outputs: ended } = life.step({ type: "observed", resource: upgrade, observation: kept });
  expect(announced(ended)).toEqual([]);
});

it("asks no more when somebody else has repaired it", () => {
  const { life } = broken();
  const { outputs } = life.step({ type: "observed", resource: upgrade, observation: kept });
  expect(announced(outputs)).toEqual([]);
  expect(wakeAfter(life, defaultSettings.roleSettleMs).some(({ type }) => type === "act")).toBe(false);
});
