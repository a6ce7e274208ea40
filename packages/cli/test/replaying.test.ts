import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { resourceTypes } from "@antibody/core";
import { describe, expect, test } from "vitest";
import { failing } from "../../agent/test/mind/failing.ts";
import { type Stage, setStage } from "./commandLine.ts";
import { fullInspection, incidentId } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

const file = resourceTypes.find(({ kind }) => kind === "file");
if (file === undefined) throw new Error("files are a type");
const { bytes, recording } = failing("file:/etc/motd", file, { content: "hello\n" });
const stepsCount = recording.steps.length;

async function stageWith(
  content: Uint8Array = bytes,
): Promise<{ readonly stage: Stage; readonly path: string }> {
  const stage = await setStage();
  const path = join(stage.state, "case.rec");
  writeFileSync(path, content);
  return { stage, path };
}

describe("replay", () => {
  test("stops at an event, a resource, an input, a time, and shows the state there", async () => {
    const { stage, path } = await stageWith();
    const at = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
      const { code, value } = await stage.json("replay", path, ...args);
      expect([code, schemaProblems(value)]).toEqual([0, []]);
      return value["at"] as Record<string, unknown>;
    };
    const handedOff = await at("--until", "event:resource.handedOff");
    expect(handedOff["step"]).toBe(stepsCount - 1);
    expect(JSON.stringify(handedOff["outputs"])).toContain("resource.handedOff");
    expect(handedOff["state"]).toMatchObject({ health: "degraded", incidentsCount: 1 });
    const first = await at("--until", "resource:file:/etc/motd", "--why", "motd");
    expect(first["why"]).toMatchObject({ resource: "file:/etc/motd" });
    expect(await at("--step", "3")).toMatchObject({ step: 3 });
    expect(await at("--until", "input:3")).toMatchObject({ step: 3 });
    expect(await at("--until", "input:outcome")).toMatchObject({ input: expect.stringContaining("no luck") });
    expect(await at("--step", "-1")).toMatchObject({ outputs: [], state: { resources: [] } });
    const later = await at("--until", "1s");
    expect(later["afterMs"]).toBeGreaterThanOrEqual(1_000);
  });

  test("ends with 1 where it was to stop at what never comes, and names the first step that differs", async () => {
    const { stage, path } = await stageWith();
    const missed = await stage.json("replay", path, "--until", "event:swarm.dead");
    expect(missed).toMatchObject({ code: 1, value: { reached: false, equal: true } });
    // A step is text in a recording, of the same length after this.
    const doctored = Buffer.from(bytes.toString("latin1").replace("no luck", "bad luc"), "latin1");
    const other = await stageWith(doctored);
    const differs = await other.stage.json("replay", other.path);
    expect(differs.code).toBe(1);
    expect(schemaProblems(differs.value)).toEqual([]);
    const step = recording.steps.findIndex(({ input }) => input.type === "outcome");
    expect(differs.value).toMatchObject({ equal: false, firstDifference: { step, input: "outcome" } });
    expect((await other.stage.run("replay", other.path)).out).toContain(
      `step ${step} (outcome) of build test differs`,
    );
  });

  test("takes an incident by its id, of an agent that runs and of one that does not", async () => {
    const running = await setStage(fullInspection);
    running.agent.incidentRecordings.set(incidentId, bytes);
    expect(await running.json("replay", incidentId.slice(0, 14))).toMatchObject({
      code: 0,
      value: { incident: incidentId, stepsCount, equal: true },
    });
    running.agent.incidentRecordings.clear();
    expect((await running.run("replay", incidentId)).err).toContain("no recording of this incident is kept");
    const { stage } = await stageWith();
    mkdirSync(join(stage.state, "incidents"));
    writeFileSync(join(stage.state, "incidents", `${incidentId}.recording.gz`), gzipSync(bytes));
    expect(await stage.json("replay", incidentId.slice(0, 14))).toMatchObject({
      code: 0,
      value: { stepsCount },
    });
  });

  test("is stepped by hand, forward and back", async () => {
    const { stage, path } = await stageWith();
    stage.terminal.canAsk = true;
    stage.terminal.columns = 100;
    stage.terminal.typed = [
      "n",
      "",
      "u event:resource.handedOff",
      "s",
      "b 2",
      "ru input:outcome",
      "w motd",
      "g 0",
      "x",
      "u soon",
      "q",
    ];
    const { code, out } = await stage.run("replay", path);
    expect(code).toBe(0);
    const positions = stage.terminal.asked.map((question) => Number(question.split("/")[0]));
    expect(positions.slice(0, 5)).toEqual([0, 1, 2, stepsCount, stepsCount]);
    expect(positions[5]).toBe(stepsCount - 2);
    expect(positions[6]).toBeLessThan(stepsCount - 2);
    expect(positions.slice(8)).toEqual([1, 1, 1]);
    expect(out).toContain("all equal");
    expect(out).toMatch(/file:\/etc\/motd is handed off/);
    expect(out).toMatch(/why +/);
    expect(out).toContain("Write event:NAME");
  });
});
