import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OverlayMember, Verdict } from "@antibody/core";
import { makeId } from "@antibody/policy";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mapView } from "../packages/cli/src/views/map.ts";
import { mapSvg } from "../packages/cli/src/views/mapSvg.ts";
import { openFile, startBrowser, whyNoBrowser } from "./harness/browser.ts";

const folder = mkdtempSync(join(tmpdir(), "antibody-map-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const verdicts: readonly Verdict[] = ["suspected", "stalled", "unreachable", "dead", "away", "left"];

/** A ring in which each observes the next three to both sides, with one member of each verdict. */
function swarmOf(size: number): readonly OverlayMember[] {
  const agents = Array.from({ length: size }, (_, index) =>
    makeId("agent", new Uint8Array(32).fill(index & 255).fill(index >> 8, 16)),
  );
  return agents.map((agent, index) => ({
    agent,
    name: `the-very-long-greenhouse-of-the-neighbors-${index}`,
    verdict: index > 4 || size === 5 ? (verdicts[index - (size === 5 ? 1 : 5)] ?? "reachable") : "reachable",
    connected: index % 7 === 1,
    observers: [
      ...new Set([-3, -2, -1, 1, 2, 3].flatMap((step) => agents[(index + step + size) % size] ?? [])),
    ].filter((each) => each !== agent),
  }));
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Runs in the page: the box of the sheet, then of every text. */
const boxes = `[document.querySelector(".page"), ...document.querySelectorAll("text")].map((element) => {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  return { left, top, right, bottom };
})`;

describe.skipIf(whyNoBrowser !== undefined)(
  `the map in a browser${whyNoBrowser ? `: ${whyNoBrowser}` : ""}`,
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await startBrowser();
    });
    afterAll(() => browser?.close());

    it.each([1, 2, 5, 20, 200, 1_000])(
      "of %i members lies within its page, and asks nobody for anything",
      async (size) => {
        const file = join(folder, `${size}.svg`);
        const members = swarmOf(size);
        const [own] = members;
        if (own === undefined) throw new Error("there are members");
        const overlay = { v: 1, nowMs: 0, wallMs: 1_790_000_000_000, agent: own.agent, members } as const;
        writeFileSync(file, mapSvg(mapView(overlay, file)));
        const { page, errors, requests } = await openFile(browser, file);
        expect(errors).toEqual([]);
        expect(requests).toHaveLength(1);
        const [sheet, ...texts] = await page.evaluate<readonly [Box, ...Box[]]>(boxes);
        for (const box of texts) {
          expect(box.left).toBeGreaterThanOrEqual(sheet.left);
          expect(box.top).toBeGreaterThanOrEqual(sheet.top);
          expect(box.right).toBeLessThanOrEqual(sheet.right);
          expect(box.bottom).toBeLessThanOrEqual(sheet.bottom);
        }
        // Each mark tells its member when it is pointed at; few are all named, of very many only who is notable.
        expect(await page.locator("g > title").count()).toBe(size);
        const named = await page.locator(".name").count();
        if (size <= 200) expect(named).toBe(size);
        else expect(named).toBeLessThan(20);
        await page.context().close();
      },
    );
  },
);
