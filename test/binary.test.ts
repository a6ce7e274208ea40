import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Colony } from "../packages/cli/src/demo/colony.ts";
import { runCommand } from "../packages/cli/src/demo/command.ts";
import { eventually, form, launcher, makeAuthor, type TestColony } from "./harness/colonies.ts";
import { executableLauncher, whyNoExecutables } from "./harness/executables.ts";

const content = "kept by an agent of another architecture\n";
const source = `stream: home
name: emulated
when: arch == "arm64"
promises:
  file:/etc/kept: { content: ${JSON.stringify(content)}, mode: "0644" }
`;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

/** A colony whose founder is the x64 executable, and whose others are the arm64 one. */
function mixedColony(founder: string): TestColony {
  const directory = mkdtempSync(join(tmpdir(), "antibody-binary-"));
  const signal = AbortSignal.timeout(200_000);
  const colony = new Colony({
    directory,
    signal,
    launcherOf: (name) => executableLauncher(name === founder ? "x64" : "arm64"),
    listenOf: () => "/ip4/127.0.0.1/tcp/0",
  });
  const end = async (): Promise<void> => {
    await colony.end();
    rmSync(directory, { recursive: true, force: true });
  };
  cleanups.push(end);
  return { colony, signal, end };
}

async function simulated(
  arch: "x64" | "arm64",
  scenario: string,
  agents = 100,
  workers = 1,
): Promise<Record<string, unknown>> {
  const args = ["--json", "sim", "run", scenario, "--agents", String(agents), "--seed", "7"];
  if (workers > 1) args.push("--workers", String(workers));
  const { code, stdout, stderr } = await runCommand(
    executableLauncher(arch),
    args,
    AbortSignal.timeout(200_000),
    200_000,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("the bundle on an older Node", () => {
  const older = `data:text/javascript,${encodeURIComponent(
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "22.22.1" } });',
  )}`;
  const run = (...args: readonly string[]) => {
    const [bundle = "", ...more] = launcher.args;
    const old = { file: launcher.file, args: ["--import", older, bundle, ...more] };
    return runCommand(old, args, AbortSignal.timeout(30_000));
  };

  it("says which one it needs, and nothing else", async () => {
    const cause = "it is Node 22.22.1, and Antibody needs Node 24";
    const { code, stdout, stderr } = await run("status");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.split("\n").slice(0, 2)).toEqual(["antibody: this Node is too old", `  cause: ${cause}`]);
    const told = JSON.parse((await run("--json", "status")).stderr) as unknown;
    expect(told).toEqual({ error: expect.objectContaining({ code: "nodeTooOld", cause }) });
  });
});

describe("the single executable", () => {
  const reason = whyNoExecutables("x64");

  it.skipIf(reason !== undefined)("simulates in threads, which it starts from itself", async () => {
    const [one, three] = [await simulated("x64", "churn", 12), await simulated("x64", "churn", 12, 3)];
    expect(three).toMatchObject({ workers: 3, hash: one["hash"] });
  });

  it.skipIf(reason !== undefined)(`plays the demo${reason === undefined ? "" : ` (${reason})`}`, async () => {
    const { code, stdout } = await runCommand(
      executableLauncher("x64"),
      ["--json", "demo"],
      AbortSignal.timeout(200_000),
      200_000,
    );
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, passed: true });
  });

  it.skipIf(reason !== undefined)(
    `runs a policy file in TypeScript, with its imports${reason === undefined ? "" : ` (${reason})`}`,
    async () => {
      const file = join(import.meta.dirname, "../examples/policies/accounts.ts");
      const { code, stdout, stderr } = await runCommand(
        executableLauncher("x64"),
        ["--json", "lint", file],
        AbortSignal.timeout(60_000),
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(JSON.parse(stdout)).toMatchObject({ stream: "accounts", promisesCount: 8 });
    },
  );
});

describe("the executable for arm64, emulated", () => {
  const reason = whyNoExecutables("x64", "arm64");
  const why = reason === undefined ? "" : ` (${reason})`;

  it.skipIf(reason !== undefined)(`joins a swarm of x64, is given policy, and heals${why}`, async () => {
    const test = mixedColony("attic");
    await form(test, ["attic", "shed"]);
    const author = await makeAuthor(test, "attic");
    const file = join(test.colony.directory, "home.yaml");
    writeFileSync(file, source);
    await test.colony.command("attic", "publish", file, "--author", author.keyFile);
    const kept = join(test.colony.rootOf("shed"), "etc/kept");
    const isKept = (): boolean => {
      try {
        return readFileSync(kept, "utf8") === content;
      } catch {
        return false;
      }
    };
    await eventually("the file to be made", isKept);
    writeFileSync(kept, "damaged\n");
    await eventually("the file to be healed", isKept);
    rmSync(kept);
    await eventually("the file to be there again", isKept);
  });

  it.skipIf(reason !== undefined).each(["clean-publish", "mass-death"])(
    `simulates %s to the same hash as x64${why}`,
    async (scenario) => {
      const [native, emulated] = await Promise.all([
        simulated("x64", scenario),
        simulated("arm64", scenario),
      ]);
      expect(native["hash"]).toMatch(/^[0-9a-f]{16}$/);
      expect(emulated["hash"]).toBe(native["hash"]);
      expect(emulated["counters"]).toEqual(native["counters"]);
    },
  );
});
