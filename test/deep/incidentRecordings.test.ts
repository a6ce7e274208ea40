import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { openMemoryDirectory } from "../../packages/agent/src/state/memoryDirectory.ts";
import { eventually, form, makeAuthor, makeColony } from "../harness/colonies.ts";
import { Transcript } from "../harness/transcripts.ts";

const secret = "the third stone beside the greenhouse door";

/** Everything below a directory, with its content; what is packed is unpacked. */
function filesIn(directory: string): readonly { readonly name: string; readonly bytes: Buffer }[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const bytes = readFileSync(path);
      return { name: entry.name, bytes: entry.name.endsWith(".gz") ? gunzipSync(bytes) : bytes };
    });
}

/** At any of the three offsets that base64 knows. */
function holds(bytes: Buffer): boolean {
  const spelled = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
      .toString("base64")
      .slice(4, 40),
  );
  return [secret, ...spelled].some((text) => bytes.includes(text));
}

test("a real incident is recorded, replays while the agent runs and after it was killed, and holds nothing private", async () => {
  const colony = makeColony();
  try {
    await form(colony, ["one"]);
    const told: string[] = [];
    const server = createServer((request, response) => {
      request.on("data", (chunk) => told.push(String(chunk)));
      request.on("end", () => response.writeHead(200).end());
    });
    await new Promise<void>((open) => server.listen(0, "127.0.0.1", open));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await colony.colony.command("one", "handoff", "add", "webhook", url, "--raise-after", "1s");
    const person = new Transcript(colony, "one");
    const { keyFile } = await makeAuthor(colony, "one");
    const [state, root] = [colony.colony.stateOf("one"), colony.colony.rootOf("one")];
    // A directory with something in it stands where the file is promised.
    mkdirSync(join(root, "etc", "key"));
    writeFileSync(join(root, "etc", "key", "old"), "");
    const source = join(colony.colony.directory, "policy.yaml");
    const promises = [
      `  file:/etc/key: { content: "${secret}", mode: "0600", private: true, retry: 2, backoff: { base: 100ms } }`,
      `  file:/etc/other: { content: "${secret}", private: true }`,
    ];
    writeFileSync(source, `stream: home\nname: all\npromises:\n${promises.join("\n")}\n`);
    await colony.colony.command("one", "publish", source, "--author", keyFile);
    await eventually(
      "the file beside it",
      async () => (await colony.colony.agent("one").read("/etc/other")) === secret,
    );
    await eventually("the incident", async () => {
      const { incidents } = await colony.colony.agent("one").inspect();
      return incidents.length > 0;
    });
    // The message holds the exact next command.
    await eventually("the message", () => told.length > 0);
    const message = JSON.parse(told[0] ?? "");
    expect(message).toMatchObject({ event: "handedOff", name: "one", resource: "file:/etc/key" });
    const words = String(message.next).split(" ");
    expect(words.slice(0, 3)).toEqual(["antibody", "--state", state]);
    expect((await person.type(...words.slice(3))).text).toContain("a directory with entries");
    expect(told.join("")).not.toMatch(/entries|greenhouse/);

    const [incident] = (await colony.colony.agent("one").inspect()).incidents;
    const id = incident?.id ?? "";
    await eventually("its recording", () => filesIn(state).some(({ name }) => name === `${id}.recording.gz`));

    const shown = [
      await person.type("why", "/etc/key"),
      await person.type("incident", "show", id),
      await person.type("logs"),
      await person.type("log"),
      await person.type("replay", id, "--until", "event:resource.handedOff", "--why", "/etc/key"),
      await person.type("incident", "export", id, "--out", join(colony.colony.directory, "case.json")),
      await person.type("replay", join(colony.colony.directory, "case.json"), "--json"),
    ];
    expect(shown.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(shown[4]?.text).toContain("run again: all equal");
    expect(shown[0]?.text).toContain('"content":"(private)"');
    expect(shown.some(({ text }) => text.includes(secret))).toBe(false);

    colony.colony.agent("one").kill("SIGKILL");
    await eventually("the end of the agent", () => !colony.colony.agent("one").running);
    expect((await person.type("replay", id)).text).toContain("run again: all equal");
    const flight = openMemoryDirectory(state);
    const left = flight === undefined ? [] : filesIn(flight);
    expect(left.map(({ name }) => name)).toContain("current.recording");
    const exported = readFileSync(join(colony.colony.directory, "case.json"), "utf8");
    const written = [
      ...filesIn(state),
      ...left,
      { name: "exported", bytes: Buffer.from(exported) },
      { name: "recording", bytes: Buffer.from(JSON.parse(exported).recording, "base64") },
    ];
    // The policy itself is in the journal, in its copy, and in what its author keeps of what was published.
    const policy = ["journal.db", "history.db", "1.yaml"];
    const names = written
      .filter(({ bytes }) => holds(bytes))
      .map(({ name }) => name.replace(/\.db.*$/, ".db"));
    expect([...new Set(names)].filter((name) => !policy.includes(name))).toEqual([]);
    expect(names).toContain("journal.db");
  } finally {
    await colony.end();
  }
});
