import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { allHold, eventually, form, makeColony, type TestColony } from "./harness/colonies.ts";
import { Namespaces, whyNoNamespaces } from "./harness/namespaces.ts";

const reason = whyNoNamespaces();

describe.skipIf(reason !== undefined)(
  `a host that holds what all others need, with a byte a second on each${reason === undefined ? "" : ` (${reason})`}`,
  () => {
    let namespaces: Namespaces;
    let test: TestColony;
    let flood: ChildProcess | undefined;

    beforeEach(async () => {
      namespaces = new Namespaces(["one", "two", "three", "stranger"]);
      test = makeColony({ namespaces });
      await form(test, ["one", "two"]);
    });

    afterEach(async () => {
      flood?.kill("SIGKILL");
      await test.end();
      namespaces.end();
    });

    async function floodWith(program: string, ...args: readonly string[]): Promise<void> {
      const path = join(import.meta.dirname, program);
      const words = [...namespaces.enter("stranger"), process.execPath, path, ...args];
      flood = spawn("ip", words, { stdio: ["ignore", "pipe", "inherit"] });
      if (flood.stdout === null) throw new Error("its output is piped");
      await once(flood.stdout, "data");
    }

    async function addressOfOne(): Promise<string> {
      const { members } = await test.colony.agent("two").inspect();
      return members[0]?.addresses[0] ?? "";
    }

    it("400 connections: a device of another host joins, and a peer comes back", async () => {
      const port = (await addressOfOne()).split("/").at(-1) ?? "";
      await floodWith("harness/flood.ts", namespaces.addressOf("one"), port, "400");
      const { code } = await test.colony.command("one", "invite", "--expires", "5m");
      await test.colony.command("three", "join", String(code), "--name", "three");
      await test.colony.start("three");
      test.colony.agent("two").kill("SIGKILL");
      await eventually("two to be gone", () => !test.colony.agent("two").running);
      await test.colony.start("two");
      const names = ["one", "two", "three"];
      await eventually("all to reach each other", () => allHold(test.colony.agents, names, "reachable"));
      expect(test.colony.agent("one").stderr).toBe("");
    });

    it("joins that never come to an end: a device of another host joins", async () => {
      const { code } = await test.colony.command("one", "invite", "--expires", "5m");
      await floodWith("../packages/agent/test/network/joining/joinFlood.program.ts", await addressOfOne());
      await test.colony.command("three", "join", String(code), "--name", "three");
      expect(test.colony.agent("one").stderr).toBe("");
    });
  },
);
