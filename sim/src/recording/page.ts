import { gzipSync } from "node:zlib";
import type { SimReport } from "../report.ts";
import { loadPage } from "./asset.ts";
import { encodeRecording } from "./codec.ts";
import { pageParts, type ReportFacts } from "./facts.ts";
import type { Recording } from "./recording.ts";

/** Where the page has its data, see `report/page.html`. */
const dataMark = "<!--DATA-->";

/**
 * One file that shows a run in any browser, without a network: the page, what the run showed in words, and its
 * recording. `command` runs it again. Equal runs give equal bytes.
 */
export async function renderReport(
  report: SimReport,
  recording: Recording,
  command: string,
): Promise<string> {
  const page = await loadPage();
  const facts: ReportFacts = { ...wordsOf(report), command };
  // A `<` would end the element wherever a scenario's own texts have one.
  const words = JSON.stringify(facts).replaceAll("<", "\\u003c");
  const packed = gzipSync(encodeRecording(recording), { level: 9 }).toString("base64");
  const data = [
    `<script type="application/json" id="${pageParts.facts}">${words}</script>`,
    `<script type="application/octet-stream" id="${pageParts.recording}">${packed}</script>`,
  ].join("\n");
  return page.replace(dataMark, () => data);
}

function wordsOf(report: SimReport): Omit<ReportFacts, "command"> {
  const { scenario, agents, seed, simulatedMs, hash, outcome, violations, milestones, counters } = report;
  return { scenario, agents, seed, simulatedMs, hash, outcome, violations, milestones, counters };
}
