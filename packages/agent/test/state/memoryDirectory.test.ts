import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import {
  closeMemoryDirectory,
  openMemoryDirectory,
  removeRuntimeFiles,
  shmDirectory,
  sweepMemoryDirectories,
} from "../../src/state/memoryDirectory.ts";
import { scratchDirectory } from "./scratch.ts";

const states: string[] = [];
afterEach(() => {
  for (const state of states.splice(0)) removeRuntimeFiles(state);
});

/** A state, and its directory under /dev/shm with a recording, as an agent leaves it that is killed. */
function left(change: (maker: Record<string, unknown>, state: string) => void): string {
  const state = join(scratchDirectory(), "state");
  states.push(state);
  mkdirSync(state, { recursive: true });
  const path = openMemoryDirectory(state) ?? "";
  writeFileSync(join(path, "current.recording"), "steps");
  const maker = JSON.parse(readFileSync(join(path, "maker.json"), "utf8")) as Record<string, unknown>;
  change(maker, state);
  writeFileSync(join(path, "maker.json"), JSON.stringify(maker));
  return path;
}

function end(maker: Record<string, unknown>): void {
  maker["pid"] = spawnSync("true").pid;
}

const probe = mkdtempSync(join(tmpdir(), "antibody-test-"));
const isShared = openMemoryDirectory(probe) === shmDirectory(probe);
removeRuntimeFiles(probe);
rmSync(probe, { recursive: true });

describe.skipIf(!isShared)("what agents leave in /dev/shm", () => {
  test("goes at a later start where its process and its state are gone, and stays otherwise", () => {
    const forgotten = left((maker, state) => {
      end(maker);
      rmSync(state, { recursive: true });
    });
    const kept = [
      // To be read at the next start of this state.
      left(end),
      // Whoever lives may have lost its state, and goes on.
      left((_maker, state) => rmSync(state, { recursive: true })),
      // A pid that is another's by now.
      left((maker) => {
        maker["startTicks"] = 1;
      }),
      // Paths of another world are not to be judged by from here.
      left((maker, state) => {
        end(maker);
        maker["world"] = "pid:[1] mnt:[1]";
        rmSync(state, { recursive: true });
      }),
      // Nobody says whose it is.
      left((maker, state) => {
        delete maker["state"];
        rmSync(state, { recursive: true });
      }),
    ];
    sweepMemoryDirectories();
    expect([forgotten, ...kept].map((path) => existsSync(path))).toEqual([
      false,
      true,
      true,
      true,
      true,
      true,
    ]);
  });

  test("goes with its agent's end, where no recording is left in it", () => {
    const path = left(() => undefined);
    const state = states.at(-1) ?? "";
    closeMemoryDirectory(state);
    expect(existsSync(path)).toBe(true);
    rmSync(join(path, "current.recording"));
    closeMemoryDirectory(state);
    expect(existsSync(path)).toBe(false);
    closeMemoryDirectory(state);
  });
});
