import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allHold, eventually, form, makeColony, type TestColony } from "./harness/colonies.ts";
import { Namespaces, whyNoNamespaces } from "./harness/namespaces.ts";

const reason = whyNoNamespaces();

describe.skipIf(reason !== undefined)(
  `a host that holds hundreds of connections, with a byte a second on each${reason === undefined ? "" : ` (${reason})`}`,
  () => {
    let namespaces: Namespaces;
    let test: TestColony;
    let flood: ChildProcess;

    beforeAll(async () => {
      namespaces = new Namespaces(["one", "two", "three", "stranger"]);
      test = makeColony({ namespaces });
      await form(test, ["one", "two"]);
      const { members } = await test.colony.agent("two").inspect();
      const port = members[0]?.addresses[0]?.split("/").at(-1) ?? "";
      const program = [process.execPath, join(import.meta.dirname, "harness", "flood.ts")];
      const words = [...namespaces.enter("stranger"), ...program, namespaces.addressOf("one"), port, "400"];
      flood = spawn("ip", words, { stdio: ["ignore", "pipe", "inherit"] });
      if (flood.stdout === null) throw new Error("its output is piped");
      await once(flood.stdout, "data");
    });

    afterAll(async () => {
      flood.kill("SIGKILL");
      await test.end();
      namespaces.end();
    });

    it("keeps no device of another host from joining, and no peer from coming back", async () => {
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
  },
);
