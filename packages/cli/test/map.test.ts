import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { OverlayMember, Verdict } from "@antibody/core";
import { describe, expect, test } from "vitest";
import { emptyInspection } from "../../agent/test/control.fake.ts";
import { type Stage, setStage } from "./commandLine.ts";
import { fullInspection, idOf } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

/** A swarm in which everyone alive observes everyone, under these names. */
function swarmOf(members: readonly (readonly [name: string, verdict: Verdict])[]): readonly OverlayMember[] {
  const agentOf = (index: number) => (index === 0 ? emptyInspection.agent : idOf("agent", 0x50 + index));
  const living = members.flatMap(([, verdict], index) => (verdict === "dead" ? [] : [agentOf(index)]));
  return members.map(([name, verdict], index) => ({
    agent: agentOf(index),
    name,
    verdict,
    connected: index === 1,
    observers: living.filter((agent) => agent !== agentOf(index)),
  }));
}

async function staged(): Promise<Stage> {
  const stage = await setStage(fullInspection);
  stage.agent.overlayMembers = swarmOf([
    ["pi", "reachable"],
    ["greenhouse", "reachable"],
    ['<b> & "c"', "suspected"],
    ["attic", "dead"],
  ]);
  return stage;
}

describe("map", () => {
  test("is a plain table where nobody sits, and a ring on a terminal", async () => {
    const stage = await staged();
    const { out } = await stage.run("map");
    expect(out).toMatch(
      /^4 members; everyone observes everyone\n2 reachable, 1 suspected, 1 dead; this agent has 1 session\n/,
    );
    expect(out).toMatch(/^NAME +AGENT +STATE +LINK +OBSERVED BY$/m);
    expect(out).toMatch(/^pi +agent_\w{8} +reachable +this agent +everyone$/m);
    expect(out).toMatch(/^attic +agent_\w{8} +dead +- +everyone$/m);
    stage.terminal.columns = 100;
    const ring = (await stage.run("map")).out;
    expect(ring).toMatch(/^╭● pi /m);
    expect(ring).toMatch(/^├◐ <b>/m);
    expect(ring).toMatch(/^╰✕ attic /m);
    expect(Math.max(...ring.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test("names the observers where not everyone is one", async () => {
    const stage = await staged();
    const [own, next, ...rest] = stage.agent.overlayMembers;
    if (own === undefined || next === undefined) throw new Error("there are members");
    stage.agent.overlayMembers = [{ ...own, observers: [next.agent] }, next, ...rest];
    const { out } = await stage.run("map");
    expect(out).toContain("each is observed by 1 to 2 on the rings");
    expect(out).toMatch(/^pi .* greenhouse$/m);
  });

  test("as JSON is what its schema describes", async () => {
    const { value } = await (await staged()).json("map");
    expect(schemaProblems(value)).toEqual([]);
    expect(value["members"]).toHaveLength(4);
  });

  test("as a picture stands alone, draws each pair once, and no name breaks it", async () => {
    const stage = await staged();
    const file = join(stage.state, "swarm.svg");
    const { value, code } = await stage.json("map", "--svg", file);
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    const svg = await readFile(file, "utf8");
    expect(svg).toContain("&lt;b&gt; &amp; &quot;c&quot;");
    expect(svg).not.toContain("<b>");
    expect(svg.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|<script|url\(|@import/);
    const [, living = "", lost = ""] =
      /<g class="edges"><path d="([^"]*)"\/><path class="lost" d="([^"]*)"/.exec(svg) ?? [];
    expect(living.split("M")).toHaveLength(1 + 3);
    expect(lost.split("M")).toHaveLength(1 + 3);
  });

  test("that cannot be written says so", async () => {
    const { code, err } = await (await staged()).run("map", "--svg", "/nowhere/at/all.svg");
    expect(code).toBe(1);
    expect(err).toContain("cannot be written");
  });
});
