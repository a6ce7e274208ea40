import { describe, expect, it } from "vitest";
import { Recorder, renderReport, runScenario, type Scenario } from "../src/index.ts";

const hostile = "</script><script>document.title = 'taken over'</script><!--";

async function page(scenario: Scenario): Promise<string> {
  const observer = new Recorder();
  const report = await runScenario({ scenario, agents: 6, seed: 2, observer });
  return renderReport(report, observer.recording, `antibody sim run '${scenario.name}' --agents 6 --seed 2`);
}

function scenarioNamed(name: string): Scenario {
  return {
    name,
    title: name,
    agents: 6,
    durationMs: 5_000,
    startSpreadMs: 0,
    steps: [{ atMs: 2_000, type: "kill", who: { count: 1, as: "victim" } }],
    expectations: [{ type: "deathsKnown", fromMs: 2_000, withinMs: 2_000 }],
  };
}

describe("the page of a run", () => {
  it("is the same for the same run", async () => {
    expect(await page(scenarioNamed("one"))).toBe(await page(scenarioNamed("one")));
  });

  it("lets no text of a scenario become markup", async () => {
    const scripts = (html: string): number => html.split(/<script/i).length;
    const [plain, attacked] = [await page(scenarioNamed("one")), await page(scenarioNamed(hostile))];
    expect(attacked).toContain("\\u003c/script>");
    expect(scripts(attacked)).toBe(scripts(plain));
  });

  it("asks no network for anything", async () => {
    const html = await page(scenarioNamed("one"));
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/<(?:link|img|iframe)\b|\bsrc\s*=|@import|url\(/i);
  });
});
