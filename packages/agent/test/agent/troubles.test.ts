import { expect, test } from "vitest";
import { Troubles } from "../../src/agent/troubles.ts";

test("a trouble is told from the event that begins it to the one that ends it", () => {
  const troubles = new Troubles();
  const note = (name: string, fields = {}): void => troubles.note({ name, level: "info", fields });
  note("agent.listening", { addresses: [] });
  expect(troubles.list()).toEqual([]);
  note("agent.networkFailed", { message: "address in use" });
  note("agent.stateUnwritten", { message: "disk full" });
  note("device.polling", { code: "EMFILE" });
  note("agent.networkFailed", { message: "no such address" });
  expect(troubles.list().map(({ name }) => name)).toEqual([
    "agent.networkFailed",
    "agent.stateUnwritten",
    "device.polling",
  ]);
  expect(troubles.list()[0]?.what).toBe("it does not listen: no such address");
  note("agent.stateWritten");
  note("device.watching");
  note("agent.listening", { addresses: [] });
  expect(troubles.list()).toEqual([]);
  note("agent.pluginsRefused", { cause: "others can write it" });
  note("agent.handoffFailed", { cause: "others can read it" });
  note("agent.started");
  expect(troubles.list().map(({ what }) => what)).toEqual([
    "no plug-in runs: others can write it",
    "nobody is told of incidents: others can read it",
  ]);
  note("network.lanDeaf", { cause: "ENODEV" });
  expect(troubles.list().at(-1)?.what).toBe("peers on its own network are not heard by mDNS: ENODEV");
  note("network.lanHeard");
  note("agent.handoffWorks");
  expect(troubles.list().map(({ name }) => name)).toEqual(["agent.pluginsRefused"]);
});
