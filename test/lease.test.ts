import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { eventually, form, makeAuthor, makeColony, type TestColony } from "./harness/colonies.ts";

const names = ["ant", "bee", "fly"] as const;

/** Publishes a leased role, and a workload that adds the epoch by which it was started to one file that all share. */
async function publishLease(test: TestColony): Promise<string> {
  const { colony } = test;
  const author = await makeAuthor(test, names[0]);
  const journal = join(colony.directory, "epochs");
  writeFileSync(journal, "");
  const command = `echo $ANTIBODY_EPOCH_DB >> ${journal}; exec sleep 86400`;
  const promises = {
    "role:db": { count: 1, majority: names.map((name) => colony.agent(name).id), lease: "3s" },
    "process:db": { command: ["/bin/sh", "-c", command], while: ["role:db"], stopTimeout: "1s" },
  };
  const file = join(colony.directory, "lease.yaml");
  writeFileSync(file, `stream: home\nname: db\npromises: ${JSON.stringify(promises)}\n`);
  await colony.command(names[0], "publish", file, "--author", author.keyFile);
  return journal;
}

/** Epochs by which the workload was started, in their order. */
function epochsIn(journal: string): readonly number[] {
  return readFileSync(journal, "utf8").trim().split("\n").filter(Boolean).map(Number);
}

it("a lease goes on by the next epoch when its holder is stopped, and who wakes up stops what it runs", async () => {
  const test = makeColony();
  const { colony } = test;
  try {
    await form(test, names);
    const journal = await publishLease(test);
    const phasesOf = async () =>
      Promise.all(names.map(async (name) => (await colony.agent(name).resource("process:db"))?.phase));
    await eventually("one to run it", async () => (await phasesOf()).includes("kept"));
    const phases = await phasesOf();
    expect(phases.toSorted()).toEqual(["kept", "standingBy", "standingBy"]);
    const holder = colony.agent(names[phases.indexOf("kept")] ?? "");
    // Its child may have yet to write.
    await eventually("its epoch to be there", () => epochsIn(journal).length > 0);
    const [first] = epochsIn(journal);
    holder.kill("SIGSTOP");
    await eventually("another to run it", () => epochsIn(journal).length > 1);
    holder.kill("SIGCONT");
    await eventually("one alone to run it", async () => {
      const kept = (await phasesOf()).filter((phase) => phase === "kept");
      return kept.length === 1 && (await holder.resource("process:db"))?.phase === "standingBy";
    });
    const epochs = epochsIn(journal);
    expect(epochs).toEqual(epochs.toSorted((left, right) => left - right));
    expect(new Set(epochs).size).toBe(epochs.length);
    expect(epochs[0]).toBe(first);
    const why = await colony.command(holder.name, "why", "role:db");
    expect(why["role"]).toMatchObject({ lease: { epoch: epochs.at(-1), voters: expect.any(Array) } });
    expect(why["why"]).toMatch(/^this device has voted for (ant|bee|fly)$/);
  } finally {
    await test.end();
  }
});
