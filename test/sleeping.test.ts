import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { installLayout } from "../packages/cli/src/service/layout.ts";
import { sleepUnit } from "../packages/cli/src/service/sleep.ts";
import { serviceState } from "../packages/cli/src/service/unit.ts";
import { allHold, eventually, form, launcher, makeColony, type TestColony } from "./harness/colonies.ts";

const names = ["desk", "laptop"] as const;
const executable = "/usr/local/bin/antibody";
let test: TestColony;
beforeAll(async () => {
  test = makeColony();
  await form(test, names);
});
afterAll(() => test.end());

/** Runs what the unit says of a moment, as systemd would, with this build and the state of the laptop. */
function run(moment: "ExecStart" | "ExecStop"): void {
  const { content } = sleepUnit(installLayout(0, {}), executable);
  const [line = ""] = content.split("\n").filter((each) => each.startsWith(`${moment}=-`));
  const [program, ...args] = line.slice(`${moment}=-`.length).split(" ");
  expect(program).toBe(executable);
  const state = test.colony.stateOf("laptop");
  const own = args.map((word) => (word === serviceState ? state : word));
  execFileSync(launcher.file, [...launcher.args, ...own], { stdio: "pipe" });
}

it("a device that systemd sends to sleep is away for its peers, and back when it wakes", async () => {
  const desk = test.colony.agent("desk");
  const verdict = async () => (await desk.inspect()).members.find(({ name }) => name === "laptop")?.verdict;
  run("ExecStart");
  await eventually("the laptop to be away", async () => (await verdict()) === "away");
  run("ExecStop");
  await eventually("the laptop to be back", () => allHold([desk], names, "reachable"));
  expect(desk.events("swarm.unreachable").concat(desk.events("swarm.dead"))).toEqual([]);
});
