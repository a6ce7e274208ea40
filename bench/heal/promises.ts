import { join } from "node:path";
import type { TestColony } from "../../test/harness/colonies.ts";
import { publishPromises } from "../policySource.ts";
import { type Run, waitFor } from "../run.ts";
import type { KeptFile, KeptProcess } from "./damage.ts";

/** Bytes of each file that is kept. */
export const fileBytes = 1_024;

/** The content of one file: its number, and as much as makes `fileBytes`. */
export function contentOf(index: number): string {
  return `${`content ${index} `.padEnd(fileBytes - 1, "x")}\n`;
}

/** What is to be kept, and where it lies. */
export interface Kept {
  readonly files: readonly KeptFile[];
  readonly processes: readonly KeptProcess[];
}

/** A program that tells its pid when it starts, then does nothing. */
function workerCommand(pidFile: string): readonly string[] {
  return ["/bin/sh", "-c", `echo $$ > ${pidFile}; exec sleep 86400`];
}

/** Publishes files and processes on the only agent of a colony, and waits until all of them are kept. */
export async function keep(
  run: Run,
  test: TestColony,
  fileCount: number,
  processCount: number,
): Promise<Kept> {
  const agent = test.colony.agents[0];
  if (agent === undefined) throw new Error("a bench has an agent");
  const promises = new Map<string, string>();
  const files = Array.from({ length: fileCount }, (_, index): KeptFile => {
    promises.set(`file:/etc/file-${index}`, `{ content: ${JSON.stringify(contentOf(index))} }`);
    return { path: join(agent.root, "etc", `file-${index}`), content: contentOf(index) };
  });
  const processes = Array.from({ length: processCount }, (_, index): KeptProcess => {
    const pidFile = join(test.colony.directory, `worker-${index}.pid`);
    promises.set(`process:worker-${index}`, `{ command: ${JSON.stringify(workerCommand(pidFile))} }`);
    return { pidFile };
  });
  await publishPromises(test, promises);
  await waitFor(run, "everything to be kept", async () => {
    const { resources } = await agent.inspect();
    return resources.length === fileCount + processCount && resources.every(({ phase }) => phase === "kept");
  });
  return { files, processes };
}
