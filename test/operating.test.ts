import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { eventually, form, makeAuthor, makeColony, type TestColony } from "./harness/colonies.ts";
import { Transcript } from "./harness/transcripts.ts";

let test: TestColony;

beforeEach(async () => {
  test = makeColony();
  await form(test, ["one"]);
});

afterEach(() => test.end());

/** A repair that never ends by itself, and says where it runs. */
const policy = (root: string): string => `stream: home
name: all
promises:
  file:/etc/motd: { content: "hello\\n" }
  command:migration:
    check: ["/usr/bin/test", "-e", "${root}/migrated"]
    apply: ["/bin/sh", "-c", "echo $$ > ${root}/pid; sleep 1000"]
    timeout: 1h
    after: ["file:/etc/motd"]
`;

it("is paused, restarted, stepped and canceled by a person's commands only", async () => {
  const person = new Transcript(test, "one");
  const root = test.colony.rootOf("one");
  const motd = join(root, "etc", "motd");
  const { keyFile } = await makeAuthor(test, "one");

  // A pause survives a restart, is seen with its reason, and ends by itself.
  expect((await person.type("pause", "--reason", "moving the rack", "--for", "10m")).text).toBe(
    "paused everything for 10m\nnext: antibody resume\n",
  );
  const source = join(test.colony.directory, "policy.yaml");
  writeFileSync(source, policy(root));
  expect((await person.type("publish", source, "--author", keyFile)).code).toBe(0);
  test.colony.agent("one").kill("SIGKILL");
  await eventually("the end of the agent", () => !test.colony.agent("one").running);
  await test.colony.start("one");
  await eventually("the first look", async () => (await person.type("status")).code === 3);
  const paused = await person.type("status");
  expect(paused.text).toMatch(/^paused +\*, ends in \d+m: moving the rack$/m);
  expect(paused.text).toMatch(/problem +file:\/etc\/motd is paused, and has drifted/);
  expect(existsSync(motd)).toBe(false);
  await person.type("pause", "--reason", "nearly done", "--for", "1s");
  await eventually("the repair after the pause", () => existsSync(motd));

  // A command hangs: it is told from a slow one, and canceled with all that it started.
  const written = join(root, "pid");
  await eventually("the hanging command", () => existsSync(written) && readFileSync(written, "utf8") !== "");
  const hanging = await person.type("why", "migration");
  expect(hanging.text).toMatch(/state +repairing/);
  // A line is broken where the terminal ends, and how long its numbers are is chance.
  expect(hanging.text.replace(/\s+/g, " ")).toMatch(
    /now apply \d+-\d+: step 1 of 1 \(running \/bin\/sh\), started .*, last progress .*, gives up in \d+m/,
  );
  const [, next = ""] = /^next +antibody (cancel \d+-\d+)$/m.exec(hanging.text) ?? [];
  const pid = Number(readFileSync(written, "utf8"));
  // Held first, so that it is not tried again at once.
  await person.type("pause", "migration", "--reason", "it hangs", "--for", "10m");
  expect((await person.type(...next.split(" "))).text).toMatch(/^canceling \d+-\d+\n/);
  await eventually("the end of what it started", () => !existsSync(`/proc/${pid}`));
  const canceled = await person.type("why", "migration");
  expect(canceled.text).toMatch(/state +paused/);
  expect(canceled.text).toContain("canceled by the owner");

  // One step at a time: one action, then paused again.
  await person.type("pause", "motd", "--reason", "by hand", "--for", "10m");
  rmSync(motd);
  await eventually("the drift", async () => (await person.type("why", "motd")).text.includes("drift"));
  expect((await person.type("step", "motd")).text).toMatch(/^one action of file:\/etc\/motd runs\n/);
  await eventually("the one repair", () => existsSync(motd));
  rmSync(motd);
  await eventually("the drift again", async () => (await person.type("why", "motd")).text.includes("drift"));
  expect((await person.type("status")).text).toContain("file:/etc/motd is paused, and has drifted");
  expect(existsSync(motd)).toBe(false);
  expect((await person.type("resume", "motd")).code).toBe(0);
  await eventually("the repair after the resume", () => existsSync(motd));

  // All of it stands in the history, with who and why.
  const { text } = await person.type("log");
  const orders = text.replace(/\n +/g, " ").split("\n");
  const found = [
    /pid \d+ uid \d+: pause \* ok, reason="moving the rack" forMs=600000/,
    /pid \d+ uid \d+: publish accepted/,
    /the agent: agent\.started/,
    /: pause \* ok, reason="nearly done" forMs=1000/,
    /the agent: resource\.resumed \* cause=expired/,
    /: pause command:migration ok, reason="it hangs"/,
    /: cancel ok, action=\d+-\d+/,
    /: step file:\/etc\/motd ok/,
    /: resume file:\/etc\/motd ok/,
  ].map((pattern) => orders.findIndex((line) => pattern.test(line)));
  expect(found.every((index) => index >= 0)).toBe(true);
  expect(found.slice(3)).toEqual(found.slice(3).toSorted((left, right) => left - right));
});
