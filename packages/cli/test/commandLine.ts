import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AgentInspection, type ControlPaths, controlPaths, startControl } from "@antibody/agent/control";
import { onTestFinished } from "vitest";
import { FakeAgent } from "../../agent/test/control.fake.ts";
import { runCommandLine } from "../src/program.ts";
import { FakeTerminal } from "./fakeTerminal.ts";

/** What one command line did. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A state directory with, where it was started, a fake agent behind its sockets. */
export interface Stage {
  readonly state: string;
  readonly paths: ControlPaths;
  readonly agent: FakeAgent;
  readonly terminal: FakeTerminal;
  run(...args: readonly string[]): Promise<Ran>;
  /** Runs with `--json`, and gives what was printed as JSON. */
  json(
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly value: Record<string, unknown> }>;
  closeAgent(): Promise<void>;
}

/** Sets the stage, which goes with the test; an inspection starts the fake agent. */
export async function setStage(inspection?: AgentInspection): Promise<Stage> {
  const state = await mkdtemp(join(tmpdir(), "antibody-cli-"));
  const agent = new FakeAgent();
  const terminal = new FakeTerminal();
  const paths = controlPaths(state, terminal.environment, terminal.userId);
  let closeAgent = async (): Promise<void> => undefined;
  if (inspection !== undefined) {
    agent.inspection = inspection;
    const server = await startControl({ control: agent, paths, tell: () => undefined });
    closeAgent = () => server.close();
  }
  onTestFinished(async () => {
    await closeAgent();
    await rm(state, { recursive: true, force: true });
  });
  const run = async (...args: readonly string[]): Promise<Ran> => {
    terminal.outText = "";
    terminal.errText = "";
    const code = await runCommandLine(["--state", state, ...args], terminal);
    return { code, out: terminal.outText, err: terminal.errText };
  };
  const json: Stage["json"] = async (...args) => {
    const { code, out, err } = await run("--json", ...args);
    return { code, value: JSON.parse(out === "" ? err : out) };
  };
  return { state, paths, agent, terminal, run, json, closeAgent };
}
