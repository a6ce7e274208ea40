import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "@antibody/agent/state";
import type { Inspection, RolloutView } from "@antibody/core";
import { isRejection, openEnvelope, waveOf } from "@antibody/policy";
import { describe, expect, test } from "vitest";
import { logLine } from "../../agent/test/control.fake.ts";
import { setStage } from "./commandLine.ts";
import { author, greenhouse, idOf, wellInspection } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

const rollout: RolloutView = {
  author,
  stream: "home",
  epoch: 1,
  generation: 5,
  manifest: idOf("frag", 0x51),
  here: { wave: 1, state: "waiting" },
  waves: [
    { percent: 10, members: 2, reportersMin: 1, healthy: 1, failed: 0, state: "done" },
    { percent: 50, members: 4, reportersMin: 2, healthy: 1, failed: 1, state: "stalled" },
    { percent: 100, members: 6, reportersMin: 3, healthy: 0, failed: 0, state: "waiting" },
  ],
  failures: [{ agent: greenhouse, detail: "file:/etc/motd is handed off" }],
};

function staged(...rollouts: readonly RolloutView[]): Inspection {
  return { ...wellInspection, rollouts };
}

describe("rollout show", () => {
  test("says where each wave stands, who failed and why, and what can be done", async () => {
    const stage = await setStage(staged(rollout));
    const { code, out } = await stage.run("rollout", "show");
    expect(code).toBe(0);
    expect(out).toMatch(/home generation 5 by author_\w{8}: wave 2 of 3, stalled; waits here/);
    expect(out).toMatch(/2 \(here\) +50% +4 +1 +2 +1 +stalled +\[=====x{5} {10}\]/);
    expect(out).toMatch(/failed on .*: file:\/etc\/motd is handed off/);
    expect(out).toMatch(/next: .*rollout advance home --author AUTHOR, or .*rollout halt home/);
    expect(schemaProblems((await stage.json("rollout", "show", "home")).value)).toEqual([]);
    expect((await stage.run("rollout", "show", "other")).out).toBe("nothing comes into force in stages\n");
  });

  test("shows a barrier with its skew, and that status tells a rollback", async () => {
    const barrier = { word: "commit", ready: 3, readyMin: 3, switched: 3, skewMs: 41 } as const;
    const stage = await setStage(
      staged({ ...rollout, here: { wave: 0, state: "blocked" }, reason: "not kept within 2m", barrier }),
    );
    expect((await stage.run("rollout", "show")).out).toContain(
      "3 devices switched, 41 ms apart as seen here",
    );
    const status = await stage.json("status");
    expect(schemaProblems(status.value)).toEqual([]);
    expect((await stage.run("status")).out).toContain("generation 5: rolled back here: not kept within 2m");
  });

  test("paints a live picture over the one before, on a narrow terminal too, and says when nobody answers", async () => {
    const stage = await setStage(staged(rollout));
    stage.terminal.columns = 60;
    const ended = stage.run("rollout", "show", "--live");
    await expect.poll(() => stage.terminal.outText).toContain("stalled");
    const lines = stage.terminal.outText.trimEnd().split("\n");
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(60);
    const [done, stalled, ...others] = rollout.waves;
    if (done === undefined || stalled === undefined) throw new Error("there are three waves");
    stage.agent.inspection = staged({ ...rollout, waves: [done, { ...stalled, state: "done" }, ...others] });
    await expect.poll(() => stage.agent.listeners.size).toBe(1);
    for (const tell of stage.agent.listeners) tell(logLine(1));
    await expect.poll(() => stage.terminal.outText).toContain(`\u001b[${lines.length}A\u001b[J`);
    expect(stage.terminal.outText.split("\u001b[J")[1]).not.toContain("stalled");
    await stage.closeAgent();
    await expect.poll(() => stage.terminal.outText).toContain("the agent cannot be asked");
    stage.terminal.interrupt.abort();
    expect((await ended).code).toBe(0);
  });
});

describe("the author's word", () => {
  test.each([
    ["advance", { verb: "advance", wave: 2 }],
    ["halt", { verb: "halt" }],
    ["commit", { verb: "commit" }],
    ["abort", { verb: "abort" }],
  ])("%s is signed for the generation that is under way", async (verb, said) => {
    const stage = await setStage(wellInspection);
    const { value: made } = await stage.json("author", "keygen", "--name", "home", "--no-passphrase");
    stage.agent.inspection = staged({ ...rollout, author: String((made as { author: string }).author) });
    const { code, value } = await stage.json("rollout", verb, "home", "--author", "home");
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    const opened = openEnvelope(stage.agent.offers.at(-1) ?? new Uint8Array());
    if (isRejection(opened)) throw new Error(opened.detail);
    expect(opened.body).toMatchObject({
      type: "directive",
      generation: 5,
      manifest: rollout.manifest,
      ...said,
    });
    expect((await stage.run("rollout", verb, "other", "--author", "home")).code).toBe(1);
  });
});

describe("publish --waves", () => {
  test("finds a salt by which somebody who lives is in every wave, and asks half of them", async () => {
    const stage = await setStage(wellInspection);
    await stage.json("author", "keygen", "--name", "home", "--no-passphrase");
    const file = join(stage.state, "home.yaml");
    writeFileSync(file, "stream: home\nname: a\npromises:\n  file:/etc/motd: { content: a }\n");
    stage.agent.inspection = wellInspection;
    const { code, value } = await stage.json(
      ...["publish", file, "--author", "home", "--dry-run", "--waves", "50,100", "--failures", "3"],
    );
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    const { staging } = value as {
      staging: { rollout: Parameters<typeof waveOf>[0] & { failuresMax: number } };
    };
    expect(staging.rollout.failuresMax).toBe(3);
    expect(staging).toMatchObject({ health: { holdMs: 5_000, withinMs: 120_000 } });
    const living = wellInspection.members.filter(({ verdict }) => verdict === "reachable");
    const agents = [wellInspection.agent, ...living.map(({ agent }) => agent)];
    const places = new Set(agents.map((agent) => waveOf(staging.rollout, agent, nodeCrypto())));
    expect(places.has(0)).toBe(true);
    expect(places.size).toBe(Math.min(2, new Set(agents).size));
    for (const waves of ["50", "50,20,100", "0,100", "a"]) {
      expect((await stage.run("publish", file, "--author", "home", "--waves", waves)).code).toBe(2);
    }
  });
});
