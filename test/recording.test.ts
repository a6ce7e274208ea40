import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readRecording, replay } from "@antibody/agent";
import { nodeCrypto } from "@antibody/agent/state";
import { Mind, resourceTypes } from "@antibody/core";
import { describe, expect, it } from "vitest";
import { eventually, form, makeAuthor, makeColony } from "./harness/colonies.ts";

describe("the recording of a real agent", () => {
  it("gives equal outputs when it is run again, and holds no content of a file", async () => {
    const test = makeColony();
    try {
      await form(test, ["one", "two", "three"]);
      const author = await makeAuthor(test, "one");
      const source = join(test.colony.directory, "policy.yaml");
      writeFileSync(source, 'stream: home\nname: all\npromises:\n  file:/etc/kept: { content: "kept\\n" }\n');
      await test.colony.command("one", "publish", source, "--author", author.keyFile);
      const two = test.colony.agent("two");
      await eventually("the file on two", async () => (await two.read("/etc/kept")) === "kept\n");
      const secret = "a secret that somebody wrote over the file";
      writeFileSync(join(two.root, "etc/kept"), secret);
      await eventually("the repair on two", async () => (await two.read("/etc/kept")) === "kept\n");
      test.colony.agent("three").kill("SIGKILL");
      await eventually("the death of three", async () =>
        (await two.inspect()).members.some(({ name, verdict }) => name === "three" && verdict === "dead"),
      );
      const bytes = await two.client.recording();
      expect(Buffer.from(bytes).includes(secret)).toBe(false);
      const recording = readRecording(bytes);
      const kinds = new Set(recording.steps.map(({ input }) => input.type));
      for (const kind of [
        "policy",
        "observed",
        "outcome",
        "signed",
        "message",
        "disconnected",
        "dialed",
      ] as const) {
        expect(kinds).toContain(kind);
      }
      const restore: typeof Mind.restore = (options, dump) => Mind.restore(options, dump);
      const { firstDifference } = replay(recording, { crypto: nodeCrypto(), resourceTypes, restore });
      expect(firstDifference).toBeUndefined();
    } finally {
      await test.end();
    }
  });
});
