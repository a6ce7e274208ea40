import { execFileSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { whyWithout } from "../../packages/cli/test/tools.ts";

/** The browser of Debian: nothing is downloaded. */
const command = "chromium";
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Why no browser can be driven here; undefined where one can. In CI it must be. */
export const whyNoBrowser: string | undefined = whyWithout(command);

/** Starts a browser with a profile of its own. */
export function startBrowser(): Promise<Browser> {
  const executablePath = execFileSync("which", [command], { encoding: "utf8" }).trim();
  return chromium.launch({ executablePath, args: flags });
}

/** A file opened as a double click opens it, and what the browser had to say about it. */
export interface Opened {
  readonly page: Page;
  /** Errors of the page and on its console. */
  readonly errors: readonly string[];
  /** Every address that was asked for. */
  readonly requests: readonly string[];
}

/** Opens a file without any network. */
export async function openFile(browser: Browser, path: string): Promise<Opened> {
  const context = await browser.newContext({ offline: true, reducedMotion: "reduce" });
  const page = await context.newPage();
  const errors: string[] = [];
  const requests: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(path).href);
  return { page, errors, requests };
}
