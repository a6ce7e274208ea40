import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeRecording } from "../sim/src/recording/codec.ts";
import { type Changes, processCodes, type Recording } from "../sim/src/recording/recording.ts";
import { openFile, startBrowser, whyNoBrowser } from "./harness/browser.ts";
import { launcher } from "./harness/colonies.ts";

const folder = mkdtempSync(join(tmpdir(), "antibody-report-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One run of the built command with its report. */
function run(scenario: string, agents: number): { readonly file: string; readonly hash: string } {
  const file = join(folder, `${scenario}.html`);
  const args = [
    "sim",
    "run",
    scenario,
    "--agents",
    String(agents),
    "--seed",
    "7",
    "--report",
    file,
    "--json",
  ];
  const out = execFileSync(launcher.file, [...launcher.args, ...args], { encoding: "utf8" });
  return { file, hash: (JSON.parse(out) as { readonly hash: string }).hash };
}

/** What the file itself has recorded. */
function recordingIn(file: string): Recording {
  const packed = /id="recording">([^<]*)</.exec(readFileSync(file, "utf8"))?.[1] ?? "";
  return decodeRecording(gunzipSync(Buffer.from(packed, "base64")));
}

/** How many agents the page has to show in each state: told from the recording, not by the page's own code. */
function countsAt(recording: Recording, ms: number): { readonly [state: string]: number } {
  const last = ({ atMs, agent, value }: Changes, one: number, initial: number): number => {
    let found = initial;
    for (let at = 0; at < atMs.length; at += 1) {
      if (agent[at] === one && (atMs[at] as number) <= ms) found = value[at] as number;
    }
    return found;
  };
  const agents = recording.names.map((_, one) => ({
    process: processCodes[last(recording.processes, one, 0)],
    held: last(recording.held, one, 0),
    mistaken: last(recording.mistaken, one, 0) === 1,
    inForce: recording.streams.map(({ inForce }) => last(inForce, one, -1)),
  }));
  const running = agents.filter(({ process }) => process === "running").length;
  const newest = recording.streams.map((_, stream) =>
    Math.max(...agents.map(({ inForce }) => inForce[stream] ?? -1)),
  );
  const counts: { [state: string]: number } = {};
  for (const { process, held, mistaken, inForce } of agents) {
    const gone = held === 0 ? "goneUnknown" : held === running ? "goneAll" : "goneSome";
    const there = newest.some((one, stream) => one !== inForce[stream])
      ? "behind"
      : mistaken
        ? "mistaken"
        : "inStep";
    const state = process === "absent" ? "absent" : process === "killed" ? gone : there;
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** What the legend says, without the states that nobody is in. */
function shownCounts(page: Page): Promise<{ readonly [state: string]: number }> {
  return page.$$eval(".legend li", (rows) => {
    const counts = rows.map((row) => [
      row.getAttribute("data-state") ?? "",
      Number(row.querySelector("b")?.textContent),
    ]);
    return Object.fromEntries(counts.filter(([, count]) => count !== 0)) as { [state: string]: number };
  });
}

async function slideTo(page: Page, ms: number): Promise<void> {
  await page.locator("input[type=range]").fill(String(ms));
}

function titlesOf(page: Page): Promise<readonly (string | null)[]> {
  return page.$$eval("[data-curve]", (cards) => cards.map((card) => card.getAttribute("data-curve")));
}

/** How many canvases nothing was drawn on. */
function blankCanvases(page: Page): Promise<number> {
  return page.evaluate<number>(`
    [...document.querySelectorAll("canvas")].filter((canvas) => {
      const { width, height } = canvas;
      return canvas.getContext("2d").getImageData(0, 0, width, height).data.every((part) => part === 0);
    }).length
  `);
}

describe("a report that cannot be written", () => {
  it("is refused before the run, and leaves nothing behind", () => {
    const before = readdirSync(folder);
    const path = join(folder, "absent", "report.html");
    const { status, stdout, stderr } = spawnSync(
      launcher.file,
      // So many agents would take minutes.
      [...launcher.args, "sim", "run", "mass-death", "--agents", "50000", "--report", path],
      { encoding: "utf8", timeout: 20_000 },
    );
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(`the report ${path} cannot be written`);
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe.skipIf(whyNoBrowser !== undefined)(
  `a report in a browser${whyNoBrowser ? `: ${whyNoBrowser}` : ""}`,
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await startBrowser();
    });
    afterAll(() => browser.close());

    it("shows a run offline: words, curves, and at each moment of the slider what was recorded", async () => {
      const { file, hash } = run("mass-death", 60);
      const recording = recordingIn(file);
      const { page, errors, requests } = await openFile(browser, file);
      await page.waitForSelector("[data-curve]");
      const text = await page.textContent("main");
      expect(text).toContain(hash);
      expect(text).toContain("antibody sim run mass-death --agents 60 --seed 7");
      expect(text).toContain("Nothing was published");
      expect(await titlesOf(page)).toEqual([
        "Processes",
        "Detection latency",
        "Views that are not true",
        "Messages sent",
        "Bytes sent",
      ]);
      expect(await blankCanvases(page)).toBe(0);
      const firstDeath = recording.held.atMs[0] as number;
      for (const ms of [0, 19_999, 20_000, firstDeath, firstDeath + 5, firstDeath + 100, 60_000]) {
        await slideTo(page, ms);
        expect({ ms, ...(await shownCounts(page)) }).toEqual({ ms, ...countsAt(recording, ms) });
      }
      expect(countsAt(recording, 20_000)).toEqual({ goneUnknown: 18, mistaken: 42 });
      expect(requests).toEqual([pathToFileURL(file).href]);
      expect(errors).toEqual([]);
    });

    it("jumps to a step, plays, and names the agent under the pointer", async () => {
      const { file } = run("clean-publish", 30);
      const recording = recordingIn(file);
      const { page, errors } = await openFile(browser, file);
      await page.waitForSelector("[data-curve]");
      expect(await titlesOf(page)).toEqual([
        "Policy in force",
        "Processes",
        "Messages sent",
        "Bytes sent",
        "Drifts and repairs",
      ]);
      await page.click('.moment[data-at="40000"]');
      expect(await page.textContent(".now")).toBe("40.000 s");
      expect(await shownCounts(page)).toEqual(countsAt(recording, 40_000));
      await page.locator("h1").click();
      await page.keyboard.press("ArrowRight");
      expect(await page.textContent(".now")).toBe("40.500 s");
      await page.keyboard.press("Space");
      await page.locator(".now").filter({ hasNotText: "40.500 s" }).waitFor();
      await page.keyboard.press("Space");
      const stopped = await page.textContent(".now");
      expect(await page.getAttribute(".play", "aria-label")).toBe("Play");
      const stoppedMs = Math.floor(Number.parseFloat(stopped ?? "") * 1_000);
      expect(await shownCounts(page)).toEqual(countsAt(recording, stoppedMs));
      await page.locator(".swarm canvas").hover();
      expect(await page.isVisible(".tip")).toBe(true);
      expect(await page.textContent(".tip")).toMatch(/^agent-\d+Running, in step.*generation 2/);
      expect(errors).toEqual([]);
    });
  },
);
