import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  fuzzScenario,
  listScenarios,
  readScenario,
  runScenario,
  type Scenario,
  scenarioData,
  scenarioSchema,
  writeScenario,
} from "../src/index.ts";
import { habits } from "../src/scenarios/step.ts";

const lines = [
  "schema: antibody.scenario/1",
  "name: mine",
  "title: Mine",
  "agents: 4",
  "durationMs: 10000",
  "startSpreadMs: 0",
  "bundles:",
  "  - stream: home",
  "    documents:",
  "      - name: motd",
  "        promises:",
  "          file:/etc/motd: { content: hello }",
  '    scope: ["file:/etc/**"]',
  "    powers: []",
  "    mode: enforce",
  "steps:",
  "  - { atMs: 1000, type: publish, generation: 1, to: { count: 1, as: first } }",
  "  - { atMs: 2000, type: kill, who: { named: first } }",
  "expectations:",
  "  - { type: inForce, generation: 1, fromMs: 1000, withinMs: 5000 }",
];

/** The problems of the sample file with one line replaced, as `line:column: message`. */
function problemsWith(replaced: string, by: string): readonly string[] {
  const text = lines.join("\n").replace(replaced, by);
  const read = readScenario(`${text}\n`, "mine.yaml");
  if ("scenario" in read) return [];
  return read.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

describe("a scenario file", () => {
  it.each(listScenarios().map((scenario) => [scenario.name, scenario] as const))(
    "says all of %s",
    (_, scenario) => {
      expect(readScenario(writeScenario(scenario), "a.yaml")).toEqual({ scenario });
      expect(readScenario(JSON.stringify(scenarioData(scenario)), "a.json")).toEqual({ scenario });
    },
  );

  it("says all of what a seed draws", () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const scenario = JSON.parse(JSON.stringify(fuzzScenario(seed))) as Scenario;
      expect(readScenario(writeScenario(scenario), "a.yaml")).toEqual({ scenario });
    }
  });

  it("has the schema that the documents show", () => {
    const file = new URL("../../docs/schemas/antibody.scenario.1.json", import.meta.url);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(scenarioSchema());
  });

  it("holds as the documents show it", async () => {
    const page = readFileSync(new URL("../../docs/simulation.md", import.meta.url), "utf8");
    const [, sample = ""] = /```yaml\n(.*?)```/s.exec(page) ?? [];
    const read = readScenario(sample, "simulation.md");
    if ("problems" in read) throw new Error(JSON.stringify(read.problems));
    const report = await runScenario({ scenario: read.scenario, seed: read.scenario.seed ?? 1 });
    expect(report.violations).toEqual([]);
  });

  it("is named on that page, as is every fault, expectation and habit", () => {
    const page = readFileSync(new URL("../../docs/simulation.md", import.meta.url), "utf8");
    const schema = JSON.stringify(scenarioSchema());
    const types = [...schema.matchAll(/"type":\{"type":"string","const":"(\w+)"\}/g)].map(([, type]) => type);
    expect(types.length).toBeGreaterThan(20);
    for (const name of [...types, ...habits, ...listScenarios().map((each) => each.name)])
      expect(page).toContain(`\`${name}\``);
  });

  it("is sound in this sample", () => {
    expect(problemsWith("", "")).toEqual([]);
  });

  it.each([
    ["name: mine", "nome: mine", ["1:1: name: missing", "2:7: unknown field nome"]],
    ["agents: 4", "agents: 1", ["4:9: agents: expected at least 2"]],
    ["agents: 4", "agents: four", ["4:9: agents: expected a whole number"]],
    ["scenario/1", "scenario/9", ["1:9: schema: expected antibody.scenario/1"]],
    ["durationMs: 10000", "durationMs: [1", ["6:1: Flow sequence in block collection must be"]],
    ["mode: enforce", "mode: force", ["15:11: bundles.0.mode: expected enforce or warn or observe"]],
    ["type: kill", "type: kil", ["18:25: steps.1.type: expected type to be publish, replayPolicy, kill,"]],
    [
      "who: { named: first }",
      "who: all",
      ["18:36: steps.1.who: expected whom: { percent: 30, as: victims },"],
    ],
    ["named: first", "named: second", ["18:36: no step before has named second"]],
    ["atMs: 2000", "atMs: 20000", ["18:13: after the end, which is at 10000"]],
    ["count: 1", "count: 9", ["17:62: expected at most the 4 agents"]],
    [
      "generation: 1, to",
      "generation: 1, bundle: away, to",
      ["17:57: there is no bundle away: expected one of"],
    ],
    ["withinMs: 5000", "withinMs: 9500", ["20:61: ends at 10500, after the end at 10000"]],
    ["{ content: hello }", "{ contents: hello }", ["12:39: unknown field contents"]],
    ["{ content: hello }", "{ content: 1 }", ["12:38: expected string"]],
    ["file:/etc/motd", "flie:/etc/motd", ["12:27: there is no resource type flie: expected one of"]],
    ["startSpreadMs: 0", "startSpreadMs: 0\nlinks: { latencyUsMax: 5 }", ["7:8: latencyUsMin is 300, above"]],
  ])("told wrong by %j for %j, says where", (replaced, by, expected) => {
    const problems = problemsWith(replaced, by);
    expect(problems.map((problem, index) => problem.slice(0, expected[index]?.length))).toEqual(expected);
  });
});
