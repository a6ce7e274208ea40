import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { readIncidentRecording, recordedIncidents } from "@antibody/agent";
import type { IncidentId } from "@antibody/policy";
import { CliError, exitCode, messageOf } from "../errors.ts";
import { findId } from "../find.ts";
import type { Invocation } from "../invocation.ts";
import type { ReplayView } from "../views/replay.ts";
import { recordingIn } from "./incidentFile.ts";

/** A recording, and where it comes from. */
export interface LoadedRecording {
  readonly bytes: Uint8Array;
  readonly source: Pick<ReplayView, "file" | "incident">;
}

/** Loads a file, the recording that was kept with an incident (also of an agent that does not run), or the running agent's. */
export async function loadRecording(
  invocation: Invocation,
  what: string | undefined,
): Promise<LoadedRecording> {
  if (what === undefined) return { bytes: await invocation.client.recording(), source: {} };
  if (what.startsWith("incident_") && !existsSync(what)) return loadIncident(invocation, what);
  try {
    return { bytes: recordingIn(new Uint8Array(await readFile(what))), source: { file: what } };
  } catch (error) {
    throw recordingError(what, error);
  }
}

async function loadIncident({ client, state, self }: Invocation, text: string): Promise<LoadedRecording> {
  try {
    const ids = (await client.inspect()).incidents.map(({ id }) => id);
    const incident = findId(ids, text, "incident", `${self} incident list`);
    return { bytes: await client.recording(incident), source: { incident } };
  } catch (error) {
    if (!(error instanceof CliError) || error.exit !== exitCode.notRunning) throw error;
    const incident = findId(
      recordedIncidents(state) as readonly IncidentId[],
      text,
      "incident",
      `${self} run`,
    );
    const bytes = readIncidentRecording(state, incident);
    if (bytes === undefined) throw error;
    return { bytes, source: { incident } };
  }
}

/** What is told where a recording cannot be replayed. */
export function recordingError(what: string, error: unknown): CliError {
  return new CliError({
    code: "recording",
    message: `${what} cannot be replayed`,
    cause: messageOf(error),
    next: "antibody replay --save FILE keeps a recording of the running agent",
    exit: exitCode.failed,
  });
}
