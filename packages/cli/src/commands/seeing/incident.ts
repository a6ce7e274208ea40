import { writeFile } from "node:fs/promises";
import type { ControlClient } from "@antibody/agent/control";
import type { Incident, Inspection } from "@antibody/core";
import type { IncidentId } from "@antibody/policy";
import { CliError, exitCode, messageOf } from "../../errors.ts";
import { findId } from "../../find.ts";
import type { IncidentFile } from "../../source/incidentFile.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";
import { incidentLines, incidentsLines, incidentsView, incidentView } from "../../views/incidents.ts";
import { count } from "../../views/words.ts";

/** `antibody incident list`: the cases that were handed to a human. */
export const incidentList: Verb<object> = {
  usage: "list",
  summary: "The cases that the agent gave to a human, the newest first.",
  examples: ["antibody incident list"],
  exits: [[0, "shown"]],
  asksAgent: true,
  async run({ invocation }) {
    const view = incidentsView(await invocation.client.inspect(), invocation.self);
    invocation.print(view, () => incidentsLines(view));
    return exitCode.ok;
  },
};

/** `antibody incident show ID`: the evidence of one case, and the next command. */
export const incidentShow: Verb<object> = {
  usage: "show <incident>",
  summary: "The evidence of one case, and the exact next command.",
  examples: ["antibody incident show incident_abcd2345"],
  exits: [
    [0, "shown"],
    [1, "the agent knows no such incident, or several"],
  ],
  asksAgent: true,
  async run({ invocation, args: [text = ""] }) {
    const inspection = await invocation.client.inspect();
    const incident = findIncident(inspection, text, invocation.self);
    const view = incidentView(inspection, incident, invocation.self);
    invocation.print(view, () => incidentLines(view));
    return exitCode.ok;
  },
};

/** What `incident export` tells, as `--json` prints it. */
interface ExportedView {
  readonly schema: "antibody.incidentExported/1";
  readonly incident: string;
  readonly file: string;
  readonly logLinesCount: number;
  readonly recordingBytes: number;
}

/** `antibody incident export ID`: one file for somebody who is not here. */
export const incidentExport: Verb<{ readonly out?: string }> = {
  usage: "export <incident>",
  summary: "Write one file with the case, the log and the recording, which replay runs again.",
  examples: [
    "antibody incident export incident_abcd2345",
    "antibody incident export incident_abcd2345 --out case.json && antibody replay case.json",
  ],
  exits: [
    [0, "written"],
    [1, "the agent knows no such incident, or several, or the file cannot be written"],
  ],
  asksAgent: true,
  declare: (command) => void command.option("--out <file>", "where to; default: ID.json"),
  async run({ invocation, options, args: [text = ""] }) {
    const { client, self } = invocation;
    const inspection = await client.inspect();
    const found = findIncident(inspection, text, self);
    const { schema: _schema, time, ...incident } = incidentView(inspection, found, self);
    const [log, recording] = [await client.log(), await recordingOf(client, found.id)];
    const file = options.out ?? `${found.id.slice(0, 17)}.json`;
    await writePrivately(file, {
      schema: "antibody.incidentFile/1",
      time,
      build: inspection.build,
      incident,
      log,
      recording: Buffer.from(recording).toString("base64"),
    });
    const view: ExportedView = {
      schema: "antibody.incidentExported/1",
      incident: found.id,
      file,
      logLinesCount: log.length,
      recordingBytes: recording.length,
    };
    invocation.print(view, () => [
      `${printable(file)}: the case, ${count(log.length, "log line")}, and a recording of ${recording.length} bytes`,
      "it holds what this device was promised: look through it before it is given away",
    ]);
    return exitCode.ok;
  },
};

/** As it was kept with the case; of now, where it is kept no more. */
async function recordingOf(
  client: Pick<ControlClient, "recording">,
  incident: IncidentId,
): Promise<Uint8Array> {
  try {
    return await client.recording(incident);
  } catch (error) {
    if (error instanceof CliError && error.code === "notFound") return client.recording();
    throw error;
  }
}

function findIncident(inspection: Inspection, text: string, self: string): Incident {
  const ids = inspection.incidents.map((each) => each.id);
  const id = findId(ids, text, "incident", `${self} incident list`);
  const incident = inspection.incidents.find((each) => each.id === id);
  if (incident === undefined) throw new Error("an id that was found belongs to an incident");
  return incident;
}

/** For the owner's eyes: promises may hold what is nobody else's business. Never over a file that is there. */
async function writePrivately(file: string, content: IncidentFile): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw new CliError({
      code: "unwritable",
      message: `${file} cannot be written`,
      cause: messageOf(error),
      next: "choose another path with --out FILE",
      exit: exitCode.failed,
    });
  }
}
