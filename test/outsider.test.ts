import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { allHold, eventually, form, makeColony } from "./harness/colonies.ts";
import { Namespaces, whyNoRouters } from "./harness/namespaces.ts";

const names = ["a", "b"] as const;
const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Addresses that the outsider speaks from, and connections that it begins at once on each. */
const addressCount = 16;
const attemptsEach = 32;

/**
 * Begins connections without end, from many addresses. Its own host drops every answer, so that none is ever finished:
 * to the other side that is a flood of SYN with forged senders.
 */
const synFlood = `
  const { connect } = require("node:net");
  const [host, port, prefix] = process.argv.slice(1);
  const begin = (index) => {
    const socket = connect({ host, port: Number(port), localAddress: prefix + (150 + index) });
    const again = () => { socket.destroy(); setTimeout(begin, 500, index); };
    socket.on("error", () => undefined);
    setTimeout(again, 1_000);
  };
  for (let index = 0; index < ${addressCount}; index += 1)
    for (let each = 0; each < ${attemptsEach}; each += 1) begin(index);
  console.log("there");`;

async function program(
  namespaces: Namespaces,
  source: string,
  args: readonly string[],
): Promise<ChildProcess> {
  const child = spawn("ip", [...namespaces.enter("x"), process.execPath, "-e", source, ...args]);
  ends.push(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

const reason = whyNoRouters();

describe.skipIf(reason !== undefined)(`an outsider${reason === undefined ? "" : ` (${reason})`}`, () => {
  it("that floods a port with SYN keeps nobody out, and has nobody held dead", async () => {
    const namespaces = new Namespaces([...names, "c", "x"]);
    ends.push(() => namespaces.end());
    const test = makeColony({ namespaces });
    ends.push(() => test.end());
    const { colony } = test;
    await form(test, names);
    const { code } = await colony.command("a", "invite", "--expires", "5m");
    const { members } = await colony.agent("b").inspect();
    const [, , host = "", , port = ""] =
      members.find(({ name }) => name === "a")?.addresses[0]?.split("/") ?? [];

    const inside = (host: string, ...words: string[]) =>
      execFileSync("ip", [...namespaces.enter(host), ...words], { encoding: "utf8" });
    const prefix = host.replace(/\d+$/, "");
    for (let index = 0; index < addressCount; index += 1)
      inside("x", "ip", "addr", "add", `${prefix}${150 + index}/24`, "dev", "eth0");
    const mute = `table ip mute { chain in { type filter hook input priority 0; tcp flags & (syn | ack) == syn | ack ip daddr ${prefix}150-${prefix}${149 + addressCount} drop; }; }`;
    inside("x", "nft", mute);
    await program(namespaces, synFlood, [host, port, prefix]);
    const halfOpen = () => inside("a", "ss", "-Htn", "state", "syn-recv").split("\n").length - 1;
    await eventually("the flood to be there", () => halfOpen() >= 100);

    // A device that nobody knew, over a connection of its own.
    await colony.command("c", "join", String(code), "--name", "c");
    await colony.start("c");
    await eventually("everyone to reach everyone", () =>
      allHold(colony.agents, [...names, "c"], "reachable"),
    );
    expect(halfOpen()).toBeGreaterThan(0);
    for (const agent of colony.agents)
      expect([agent.name, agent.events("swarm.dead")]).toEqual([agent.name, []]);
  });
});
