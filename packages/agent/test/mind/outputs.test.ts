import type { Durability, Output } from "@antibody/core";
import { array, assert, constantFrom, property, record, subarray } from "fast-check";
import { expect, test } from "vitest";
import { withoutRepeatedWrites } from "../../src/mind/outputs.ts";
import { motd, peer } from "./script.ts";

function persist(durability: Durability, keys: readonly string[], v = 1): Output {
  return { type: "persist", durability, records: keys.map((key) => ({ key, value: { v } })) };
}

const tell: Output = { type: "tell", event: { name: "policy.accepted", level: "info", fields: {} } };
const publish: Output = { type: "publishPolicy", bytes: new Uint8Array(1) };
const observe: Output = { type: "observe", resource: motd };

test("what activation writes again is written once", () => {
  const activation = persist("sync", ["floor/a", "policy/1", "policy/2"]);
  const outputs = [
    ...[persist("batched", ["policy/1"]), tell, publish],
    ...[persist("batched", ["policy/2"]), tell, publish],
    ...[activation, tell, observe],
  ];
  expect(withoutRepeatedWrites(outputs)).toEqual([tell, publish, tell, publish, activation, tell, observe]);
});

test("a write stays where the later one lacks a key, is batched too, comes first, or an effect lies between", () => {
  const one = persist("batched", ["policy/1"]);
  const all = persist("sync", ["policy/1", "floor/a"]);
  for (const outputs of [
    [persist("batched", ["policy/1", "policy/2"]), all],
    [one, tell, one],
    [all, tell, one],
    [one, observe, all],
    [one, { type: "hangUp", peer } as const, all],
  ]) {
    expect(withoutRepeatedWrites(outputs)).toEqual(outputs);
  }
});

const output = record({
  durability: constantFrom<Durability>("sync", "batched"),
  keys: subarray(["a", "b", "c"]),
  v: constantFrom(1, 2, 3),
  kind: constantFrom("persist", "tell", "observe"),
});

test("at every effect, and in the end, the same is written as without", () => {
  assert(
    property(array(output, { maxLength: 12 }), (parts) => {
      const outputs = parts.map(({ durability, keys, v, kind }): Output => {
        if (kind === "persist") return persist(durability, keys, v);
        return kind === "tell" ? tell : observe;
      });
      expect(statesOf(withoutRepeatedWrites(outputs))).toEqual(statesOf(outputs));
    }),
  );
});

/** What is written at each effect and in the end, and what of it is durable. */
function statesOf(outputs: readonly Output[]): readonly unknown[] {
  const written = new Map<string, unknown>();
  const durable = new Map<string, unknown>();
  const states: unknown[] = [];
  const note = (): void => void states.push([new Map(written), new Map(durable)]);
  for (const each of outputs) {
    if (each.type === "observe") note();
    if (each.type !== "persist") continue;
    for (const { key, value } of each.records) {
      written.set(key, value);
      if (each.durability === "sync") durable.set(key, value);
    }
  }
  note();
  return states;
}
