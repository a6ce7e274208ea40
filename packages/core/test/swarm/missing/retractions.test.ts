import type { AgentId } from "@antibody/policy";
import { expect, test } from "vitest";
import type { Sighting } from "../../../src/contract/statements.ts";
import { retractorsMax } from "../../../src/limits.ts";
import { Retractions } from "../../../src/swarm/missing/retractions.ts";

function wordOf(observer: number, finding: Sighting["finding"], n: number): Sighting {
  const sequence: Sighting["sequence"] = [1, n];
  return { observer: `agent_${observer}` as AgentId, finding, sequence } as Sighting;
}

test("of more observers than are remembered the first is forgotten, and who comes is not", () => {
  const retractions = new Retractions();
  for (let observer = 0; observer <= retractorsMax; observer += 1)
    retractions.note(wordOf(observer, "present", 2));
  expect(retractions.outdates(wordOf(0, "missing", 1))).toBe(false);
  expect(retractions.outdates(wordOf(1, "missing", 1))).toBe(true);
  expect(retractions.outdates(wordOf(retractorsMax, "missing", 1))).toBe(true);
  expect(new Retractions(retractions.dump()).outdates(wordOf(retractorsMax, "missing", 1))).toBe(true);
});
