import type { AgentId } from "@antibody/policy";
import { expect, test } from "vitest";
import { Log, logLineBytesMax, logLinesKeptMax } from "../../src/log/log.ts";
import type { LogLine } from "../../src/ports.ts";

const agent = "agent_a" as AgentId;

function bench(): { readonly log: Log; readonly written: string[] } {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  return { log: new Log({ agent, destination, wallMs: () => Date.UTC(2026, 10, 22, 5) }), written };
}

test("a line is one JSON object with time, level, event and agent, which no field can replace", () => {
  const { log, written } = bench();
  log.tell({ name: "swarm.dead", level: "warn", fields: { votes: 3, agent: "agent_forged", time: "never" } });
  expect(written.length).toBe(1);
  expect(written[0]?.endsWith("\n")).toBe(true);
  const line: unknown = JSON.parse(written[0] ?? "");
  expect(line).toEqual({
    time: "2026-11-22T05:00:00.000Z",
    level: "warn",
    event: "swarm.dead",
    agent,
    votes: 3,
  });
  expect(log.recent()).toEqual([line]);
});

test("the newest lines are kept, oldest first, within the bound", () => {
  const { log } = bench();
  for (let n = 0; n < 2.5 * logLinesKeptMax; n += 1) log.tell({ name: "x", level: "info", fields: { n } });
  const kept = log.recent();
  expect(kept.length).toBe(logLinesKeptMax);
  expect(kept.at(-1)?.["n"]).toBe(2.5 * logLinesKeptMax - 1);
  expect(kept[0]?.["n"]).toBe(1.5 * logLinesKeptMax);
});

test("listeners hear every line until they leave, and their number is bounded", () => {
  const { log } = bench();
  const heard: LogLine[] = [];
  const leave = log.onLine((line) => heard.push(line));
  log.tell({ name: "a", level: "info", fields: {} });
  leave();
  log.tell({ name: "b", level: "info", fields: {} });
  expect(heard.map(({ event }) => event)).toEqual(["a"]);
  for (let n = 0; n < 64; n += 1) log.onLine(() => undefined);
  expect(() => log.onLine(() => undefined)).toThrow("At most");
});

test("a line that is too long loses its fields and says so", () => {
  const { log, written } = bench();
  log.tell({ name: "a", level: "info", fields: { evidence: "x".repeat(logLineBytesMax) } });
  const cut = { time: "2026-11-22T05:00:00.000Z", level: "info", event: "a", agent };
  const cutBytes = `${JSON.stringify({ ...cut, evidence: "" })}\n`.length + logLineBytesMax;
  expect(JSON.parse(written[0] ?? "")).toEqual({ ...cut, cutBytes });
});

test("every event is counted by level, also of lines that are kept no more", () => {
  const { log } = bench();
  for (let n = 0; n < 2 * logLinesKeptMax; n += 1) log.tell({ name: "b", level: "info", fields: { n } });
  log.tell({ name: "b", level: "warn", fields: {} });
  log.tell({ name: "a", level: "info", fields: {} });
  expect(log.counts()).toEqual([
    { event: "a", level: "info", count: 1 },
    { event: "b", level: "info", count: 2 * logLinesKeptMax },
    { event: "b", level: "warn", count: 1 },
  ]);
});
