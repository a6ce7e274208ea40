import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { allHold, eventually, form, makeColony, type TestColony } from "./harness/colonies.ts";
import { Namespaces, whyNoNamespaces } from "./harness/namespaces.ts";

const names = ["a", "b"] as const;
const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Hosts on one cable, whose agents listen on whatever address they have. */
function world(): { readonly test: TestColony; readonly namespaces: Namespaces } {
  const namespaces = new Namespaces([...names, "c", "x"]);
  ends.push(() => namespaces.end());
  const test = makeColony({ namespaces, listen: "/ip4/0.0.0.0/tcp/0" });
  ends.push(() => test.end());
  return { test, namespaces };
}

/** A program on a host, with Node's dgram as `dgram`, once it has said that it is there. */
async function program(namespaces: Namespaces, host: string, text: string): Promise<ChildProcess> {
  const source = `const dgram = require("node:dgram"); ${text}`;
  const child = spawn("ip", [...namespaces.enter(host), process.execPath, "-e", source]);
  ends.push(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

/** Says to everyone on the cable, without a pause, what is about agents and is none of it. */
const flood = `
  const socket = dgram.createSocket("udp4");
  const { randomBytes } = require("node:crypto");
  socket.bind(0, () => {
    socket.setMulticastInterface(ADDRESS);
    const say = () => {
      for (let each = 0; each < 50; each += 1) {
        const bytes = Buffer.concat([randomBytes(12), Buffer.from("\\x09_antibody\\x04_tcp\\x05local\\0"), randomBytes(300)]);
        socket.send(bytes, 5353, "224.0.0.251");
      }
      setImmediate(say);
    };
    say();
    console.log("there");
  });`;

const reason = whyNoNamespaces();
const because = reason === undefined ? "" : ` (${reason})`;

describe.skipIf(reason !== undefined)(`agents on one LAN${because}`, () => {
  it("find each other by mDNS when a router has given all of them new addresses", async () => {
    const { test, namespaces } = world();
    await form(test, names);
    const { code } = await test.colony.command("a", "invite", "--expires", "5m");
    const before = test.colony.agents.map((agent) => agent.lines.length);
    namespaces.renew(names);
    // Whom the first one finds need not miss it any more.
    await eventually("one to miss the other", () =>
      test.colony.agents.some((agent, index) => agent.events("swarm.unreachable", before[index]).length > 0),
    );
    await eventually("both to reach the other", () => allHold(test.colony.agents, names, "reachable"));
    // The invite is from before the move: its addresses are nobody's.
    await test.colony.command("c", "join", String(code), "--name", "c");
  });

  it("go on without mDNS through a flood of it, and where another program holds its port, and say so", async () => {
    const { test, namespaces } = world();
    await program(namespaces, "b", `dgram.createSocket("udp4").bind(5353, () => console.log("there"));`);
    await form(test, names);
    const [a, b] = names.map((name) => test.colony.agent(name));
    await eventually("b to say that it hears nobody", () => b?.events("network.lanDeaf").length === 1);
    const { troubles = [] } = (await b?.inspect()) ?? {};
    expect(troubles.map(({ what }) => what)).toEqual([expect.stringContaining("EADDRINUSE")]);
    expect(a?.events("network.lanDeaf")).toEqual([]);

    const flooding = await program(
      namespaces,
      "x",
      flood.replace("ADDRESS", JSON.stringify(namespaces.addressOf("x"))),
    );
    await eventually("a to stop listening", () => a?.events("network.lanDeaf").length === 1);
    expect(String(a?.events("network.lanDeaf")[0]?.["cause"])).toContain("datagrams a second");
    flooding.kill("SIGKILL");
    await eventually("both to reach the other", () => allHold(test.colony.agents, names, "reachable"));
  });
});
