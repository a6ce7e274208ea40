import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { agentIdOf } from "@antibody/core";
import { expect, test } from "vitest";
import { type AgentState, holdEmptyState, initSwarm, openAgentState } from "../../src/state/agentState.ts";
import { nodeCrypto } from "../../src/state/nodeCrypto.ts";
import { statePaths } from "../../src/state/places.ts";
import { StateError } from "../../src/state/stateError.ts";
import { scratchDirectory } from "./scratch.ts";

const crypto = nodeCrypto();

function refusal(act: () => unknown): StateError {
  try {
    act();
  } catch (error) {
    if (error instanceof StateError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

function opened<Result>(directory: string, use: (state: AgentState) => Result): Result {
  const state = openAgentState(directory, crypto, 0);
  try {
    return use(state);
  } finally {
    state.close();
  }
}

test("a founded swarm opens as what was made, with nothing that others may read", () => {
  const directory = join(scratchDirectory(), "new");
  const founded = initSwarm({ state: directory, name: "kitchen", swarmName: "home" }, crypto);
  opened(directory, (state) => {
    expect(state.charter.swarm).toBe(founded.swarm);
    expect(state.charter.charter.name).toBe("home");
    expect(state.certificate.agent).toBe(founded.agent);
    expect(state.certificate.certificate).toMatchObject({ name: "kitchen", serial: 1, mayInvite: true });
    expect(agentIdOf(state.key.publicKey, crypto)).toBe(founded.agent);
    expect(state.journal.read()).toEqual([]);
  });
  expect(statSync(directory).mode & 0o077).toBe(0);
  for (const name of ["agent.key", "owner.key", "recovery.key", "charter.json"]) {
    expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
  }
});

test("a second agent in one directory is refused, and so is a second run", () => {
  const directory = scratchDirectory();
  chmodSync(directory, 0o700);
  initSwarm({ state: directory, name: "a" }, crypto);
  expect(refusal(() => initSwarm({ state: directory, name: "b" }, crypto)).code).toBe("stateExists");
  opened(directory, () => {
    expect(refusal(() => openAgentState(directory, crypto, 0)).code).toBe("stateLocked");
  });
});

test.each(["/proc/antibody/state", "/dev/null", "/dev/null/state"])("no state can be in %s", (directory) => {
  expect(refusal(() => initSwarm({ state: directory, name: "a" }, crypto))).toMatchObject({
    code: expect.stringMatching(/^state(Unwritable|Permissions)$/),
    message: expect.stringContaining("cannot use the directory"),
  });
});

test("a beginning that was interrupted goes on with the same key", () => {
  const directory = scratchDirectory();
  const first = holdEmptyState(directory);
  first.release();
  const second = holdEmptyState(directory);
  expect(second.key.publicKey).toEqual(first.key.publicKey);
  second.release();
});

test("a directory without an agent says what to do", () => {
  const error = refusal(() => openAgentState(join(scratchDirectory(), "nothing"), crypto, 0));
  expect(error.code).toBe("stateMissing");
  expect(error.next).toContain("antibody init");
});

test("a charter file that is broken, newer, or of another key is refused, each for its reason", () => {
  const directory = scratchDirectory();
  initSwarm({ state: directory, name: "a" }, crypto);
  const path = statePaths(directory).charter;
  const whole: Record<string, unknown> = JSON.parse(readFileSync(path, "utf8"));
  const codeWith = (text: string): string => {
    writeFileSync(path, text);
    return refusal(() => openAgentState(directory, crypto, 0)).code;
  };
  expect(codeWith("{")).toBe("stateBroken");
  expect(codeWith("[]")).toBe("stateBroken");
  expect(codeWith(JSON.stringify({ ...whole, v: 2 }))).toBe("stateNewer");
  expect(codeWith(JSON.stringify({ ...whole, chain: [] }))).toBe("stateBroken");
  expect(codeWith(JSON.stringify({ ...whole, charter: "AAAA" }))).toBe("stateBroken");
  const other = scratchDirectory();
  initSwarm({ state: other, name: "b" }, crypto);
  expect(codeWith(readFileSync(statePaths(other).charter, "utf8"))).toBe("stateBroken");
  writeFileSync(path, JSON.stringify(whole));
  opened(directory, (state) => expect(state.certificate.certificate.name).toBe("a"));
});

test("a refused directory is let go again", () => {
  const directory = scratchDirectory();
  initSwarm({ state: directory, name: "a" }, crypto);
  const { agentKey } = statePaths(directory);
  chmodSync(agentKey, 0o644);
  expect(refusal(() => openAgentState(directory, crypto, 0)).code).toBe("statePermissions");
  chmodSync(agentKey, 0o600);
  opened(directory, () => undefined);
  rmSync(agentKey);
  expect(refusal(() => openAgentState(directory, crypto, 0)).code).toBe("stateBroken");
});

test("a directory in which others may write is refused", () => {
  const directory = join(scratchDirectory(), "open");
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  expect(refusal(() => initSwarm({ state: directory, name: "a" }, crypto)).code).toBe("statePermissions");
  expect(readdirSync(directory)).toEqual([]);
});

test("tags come one a line, sorted, once, without comments", () => {
  const directory = scratchDirectory();
  initSwarm({ state: directory, name: "a" }, crypto);
  const { tags } = statePaths(directory);
  writeFileSync(tags, "# where it stands\ngreenhouse\n\n  attic \ngreenhouse\n");
  expect(opened(directory, (state) => state.tags)).toEqual(["attic", "greenhouse"]);
  writeFileSync(tags, "x".repeat(65));
  expect(refusal(() => openAgentState(directory, crypto, 0)).code).toBe("stateBroken");
});

test("a broken journal does not keep an agent from opening, and what was broken stays", () => {
  const directory = scratchDirectory();
  initSwarm({ state: directory, name: "a" }, crypto);
  const { journal } = statePaths(directory);
  opened(directory, (state) => state.journal.persist("sync", [{ key: "floor/a", value: { v: 1 } }]));
  writeFileSync(journal, "garbage ".repeat(1_000));
  opened(directory, (state) => {
    expect(state.journal.damages[0]?.trustKept).toBe(true);
    expect(state.journal.read()).toEqual([{ key: "floor/a", value: { v: 1 } }]);
    expect(existsSync(state.journal.damages[0]?.movedTo ?? "")).toBe(true);
  });
});
