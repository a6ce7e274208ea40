import type { ReportFacts } from "../src/recording/facts.ts";
import { isOfHolding } from "../src/recording/milestones.ts";
import type { Recording } from "../src/recording/recording.ts";
import { button, element } from "./dom.ts";
import { count, plural, span } from "./format.ts";
import type { Player } from "./player.ts";

const copiedMs = 1_500;

/** What was run and what came of it, the command that runs it again, and what was violated. */
export function createHeading(facts: ReportFacts, { title, gaps }: Recording): HTMLElement {
  const { scenario, agents, seed, simulatedMs, hash, outcome } = facts;
  const badge = element(
    "span",
    { class: `badge ${outcome}` },
    outcome === "held" ? "✓ held" : `✕ ${plural(facts.counters.violations, "violation")}`,
  );
  return element(
    "header",
    {},
    element("p", { class: "kind" }, "Antibody simulation"),
    element("h1", {}, scenario, " ", badge),
    element("p", { class: "title" }, title),
    list([
      ["Agents", count(agents)],
      ["Seed", String(seed)],
      ["Simulated", span(simulatedMs)],
      ["Hash", element("code", {}, hash)],
    ]),
    list(Object.entries(facts.milestones).map(milestone), "came-true"),
    createCommand(facts.command),
    ...gaps.map((gap) => element("p", { class: "gap" }, gap)),
  );
}

/** Every violation with its time, which is a way to it. */
export function createViolations({ violations, counters }: ReportFacts, player: Player): Node {
  if (violations.length === 0) return document.createTextNode("");
  const rows = violations.map(({ invariant, agent, atMs, detail }) => {
    const jump = (): void => {
      player.pause();
      player.seek(atMs);
    };
    return element(
      "li",
      {},
      button({ class: "moment violation", "data-at": atMs }, jump, element("time", {}, span(atMs))),
      element("b", {}, agent === undefined ? invariant : `${invariant}, ${agent}`),
      element("span", {}, detail),
    );
  });
  const left = counters.violations - violations.length;
  if (left > 0)
    rows.push(element("li", { class: "muted" }, `${plural(left, "more is", "more are")} not listed.`));
  return element(
    "section",
    { class: "violations" },
    element("h2", {}, "Violations"),
    element("ul", {}, ...rows),
  );
}

/** `deathsKnownMs@20s` came true so many milliseconds after second 20, and `noFalseDeathMs@20s` held for so many. */
function milestone([name, spanMs]: readonly [string, number]): [string, string] {
  const [what = name, from] = name.split("@");
  const words = what
    .replace(/Ms$/, "")
    .replace(/[A-Z]+|\d+/g, (part) => ` ${part.toLowerCase()}`)
    .trim();
  const label = words.charAt(0).toUpperCase() + words.slice(1);
  return [
    from === undefined ? label : `${label}, from ${from.replace(/s$/, " s")}`,
    `${isOfHolding(name) ? "for" : "after"} ${span(spanMs)}`,
  ];
}

function list(rows: readonly (readonly [string, string | Node])[], kind = ""): HTMLElement {
  return element(
    "dl",
    { class: `facts ${kind}` },
    ...rows.map(([term, text]) => element("div", {}, element("dt", {}, term), element("dd", {}, text))),
  );
}

function createCommand(command: string): HTMLElement {
  const text = element("code", {}, command);
  const copy = button({ class: "copy" }, () => void run(), "Copy");
  const run = async (): Promise<void> => {
    copy.textContent = (await copied(command)) ? "Copied" : "Press Ctrl+C";
    if (copy.textContent !== "Copied") getSelection()?.selectAllChildren(text);
    setTimeout(() => {
      copy.textContent = "Copy";
    }, copiedMs);
  };
  return element("div", { class: "command" }, element("span", { "aria-hidden": "true" }, "$"), text, copy);
}

/** A browser may refuse the clipboard to a local file: the text is selected then. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
