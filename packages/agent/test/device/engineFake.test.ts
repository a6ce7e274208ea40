import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EngineFake } from "./engineFake.ts";

interface Exchange {
  readonly ask: string;
  readonly body?: unknown;
  readonly status: number;
  readonly answer: string;
}

/** What the agent reads of an answer; an id is new each time. */
function read(value: unknown): unknown {
  const { State, Config } = (value ?? {}) as {
    readonly State?: { readonly Running: boolean; readonly ExitCode: number };
    readonly Config?: { readonly Labels: unknown };
  };
  return { running: State?.Running, exitCode: State?.ExitCode, labels: Config?.Labels };
}

test("the fake engine answers every question of the recorded conversation as the real one did", () => {
  const file = join(import.meta.dirname, "conversations/podman.json");
  const exchanges = JSON.parse(readFileSync(file, "utf8")) as readonly Exchange[];
  const fake = new EngineFake(["localhost/box:1"]);
  for (const [index, { ask, body, status, answer }] of exchanges.entries()) {
    const [method = "", url = ""] = ask.split(" ");
    const said = fake.answer(method, url, body);
    expect([index, ask, said.status]).toEqual([index, ask, status]);
    expect(read(said.value), ask).toEqual(read(answer === "" ? undefined : JSON.parse(answer)));
  }
  expect(exchanges.length).toBeGreaterThan(50);
});
