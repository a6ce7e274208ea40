import type { BundleDocument } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { capabilitiesMax } from "../../src/limits.ts";
import { author, grantTo, type Life, mindOf } from "./minds.ts";

/** A mind that holds one author's capabilities, each with what it waits for. */
function serving(waits: Readonly<Record<string, string | undefined>>): Life {
  const writer = author(1);
  const promises = Object.fromEntries(
    Object.entries(waits).map(([name, other]) => [
      `capability:${name}`,
      { port: 80, ...(other === undefined ? {} : { while: [`capability:${other}`] }) },
    ]),
  ) as BundleDocument["promises"];
  const life = mindOf();
  life.start();
  life.grant({ ...grantTo(writer.root), scope: ["**"], powers: ["expose"] });
  for (const policy of [writer.root, ...writer.publish(1, [{ name: "all", promises }])]) life.take(policy);
  return life;
}

function phasesOf(life: Life): readonly string[] {
  return life.mind.inspect(life.now).resources.map(({ phase }) => phase);
}

const nameOf = (index: number): string => `c${String(index).padStart(3, "0")}`;

describe("capabilities that wait for each other", () => {
  it.each([false, true])("settle in one step, however long their chain (reversed: %s)", (isReversed) => {
    const chain = Array.from({ length: capabilitiesMax }, (_, index) => {
      const other = isReversed ? index - 1 : index + 1;
      return [nameOf(index), other < 0 || other === capabilitiesMax ? undefined : nameOf(other)];
    });
    expect(new Set(phasesOf(serving(Object.fromEntries(chain))))).toEqual(new Set(["kept"]));
  });

  it("settle in one step when they wait in a circle", () => {
    const circle = Array.from({ length: capabilitiesMax }, (_, index) => [
      nameOf(index),
      nameOf((index + 1) % capabilitiesMax),
    ]);
    expect(new Set(phasesOf(serving(Object.fromEntries(circle))))).toEqual(new Set(["drifted"]));
  });

  it("settle when there are more than may be announced, and the first waits for the last", () => {
    const waits = Object.fromEntries(
      Array.from({ length: capabilitiesMax + 1 }, (_, index) => [
        nameOf(index),
        index === 0 ? nameOf(capabilitiesMax) : undefined,
      ]),
    );
    const phases = phasesOf(serving(waits));
    expect(phases.filter((phase) => phase === "kept")).toHaveLength(capabilitiesMax - 1);
    expect([phases[0], phases.at(-1)]).toEqual(["drifted", "drifted"]);
  });
});
