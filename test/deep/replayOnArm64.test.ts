import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resourceTypes } from "@antibody/core";
import { afterAll, describe, expect, test } from "vitest";
import { failing, promises } from "../../packages/agent/test/mind/failing.ts";
import { runCommand } from "../../packages/cli/src/demo/command.ts";
import { executableLauncher, whyNoExecutables } from "../harness/executables.ts";

const directory = mkdtempSync(join(tmpdir(), "antibody-replay-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Emulation is slow, and the machine may be busy. */
const timeoutMs = 120_000;

async function replayed(arch: "x64" | "arm64", file: string): Promise<string> {
  const args = ["--json", "replay", file, "--until", "event:resource.handedOff"];
  const { code, stdout, stderr } = await runCommand(
    executableLauncher(arch),
    args,
    AbortSignal.timeout(timeoutMs),
    timeoutMs,
  );
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

const why = whyNoExecutables("x64", "arm64");

describe.skipIf(why !== undefined)(
  "an incident that was recorded on x64 replays to equal outputs and an equal state on arm64",
  () => {
    test.each(Object.entries(promises))("%s", async (resource, promise) => {
      const type = resourceTypes.find(({ kind }) => resource.startsWith(`${kind}:`));
      if (type === undefined) throw new Error(`no type of ${resource}`);
      const file = join(directory, `${resource.replace(/\W+/g, "-")}.rec`);
      writeFileSync(file, failing(resource, type, promise).bytes);
      const [here, there] = [await replayed("x64", file), await replayed("arm64", file)];
      expect(JSON.parse(here)).toMatchObject({ equal: true, reached: true });
      expect(there).toBe(here);
    });
  },
);
