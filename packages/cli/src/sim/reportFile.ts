import { open, stat, unlink, writeFile } from "node:fs/promises";
import { Recorder, renderReport, type SimReport } from "@antibody/sim";
import { messageOf, usageError } from "../errors.ts";

/** The file that is to show a run, and what records it. */
export interface ReportFile {
  readonly recorder: Recorder;
  /** Writes the page; `command` runs the same again. */
  write(report: SimReport, command: string): Promise<void>;
}

/** Finds out that the file can be written before anybody waits for a run. Throws where it cannot. */
export async function openReport(path: string): Promise<ReportFile> {
  const wasThere = await stat(path).then(
    () => true,
    () => false,
  );
  try {
    await (await open(path, "a")).close();
    // A run that is interrupted leaves no empty file behind.
    if (!wasThere) await unlink(path);
  } catch (error) {
    throw usageError(
      `the report ${path} cannot be written`,
      messageOf(error),
      "antibody sim run SCENARIO --report FILE, with a file where you may write",
    );
  }
  const recorder = new Recorder();
  return {
    recorder,
    write: async (report, command) =>
      writeFile(path, await renderReport(report, recorder.recording, command)),
  };
}
