import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually, form, makeAuthor, makeColony, type TestColony } from "../harness/colonies.ts";
import { Transcript, withoutChance } from "../harness/transcripts.ts";

/**
 * Five troubles, each found by `status` and `why` alone. The transcripts stand in docs/operating.md: each must read
 * there as it comes out here, but for ids, times and numbers. ANTIBODY_WRITE_DOCS=1 writes them anew.
 */
const page = join(import.meta.dirname, "..", "..", "docs", "operating.md");

interface Night {
  readonly colony: TestColony;
  readonly person: Transcript;
  readonly root: string;
  /** Ended when the night is over. */
  readonly children: ChildProcess[];
  publish(promises: string): Promise<void>;
  until(resource: string, phase: string): Promise<void>;
}

/** One trouble: what happens, what a person types, what they must be able to read, and what they conclude. */
interface Trouble {
  readonly name: string;
  readonly happens: (night: Night) => Promise<void>;
  readonly resource: string;
  readonly reads: readonly RegExp[];
  readonly diagnosis: string;
  readonly grant?: readonly string[];
}

const troubles: readonly Trouble[] = [
  {
    name: "A service does not come up",
    resource: "process:sensor",
    happens: async ({ publish, until }) => {
      await publish(
        '  process:sensor: { command: ["/opt/sensor/bin/sensor", "--rate", "5"], retry: 3, backoff: { base: 100ms } }',
      );
      await until("process:sensor", "handedOff");
    },
    reads: [/is handed off/, /next +antibody pause process:sensor/, /ENOENT/],
    diagnosis:
      "The program is not where the promise says: ENOENT on every start. The agent has stopped trying on its own and gives " +
      "the next command: hold the resource, put the program there, resume.",
  },
  {
    name: "Something else keeps changing a file",
    resource: "file:/etc/resolv.conf",
    happens: async ({ publish, until, root, children, colony }) => {
      await publish('  file:/etc/resolv.conf: { content: "nameserver 192.0.2.1\\n" }');
      await until("file:/etc/resolv.conf", "kept");
      const script = `while :; do echo nameserver 198.51.100.9 > ${root}/etc/resolv.conf; done`;
      children.push(spawn("/bin/bash", ["-c", script], { stdio: "ignore" }));
      await until("file:/etc/resolv.conf", "contested");
      await eventually("the name of the other hand", async () => {
        const view = await colony.colony.agent("one").resource("file:/etc/resolv.conf");
        return view?.why.startsWith("process ") === true;
      });
    },
    reads: [/is contested/, /content differs/, /process \d+ \(bash, uid \d+\) undid \d+ repairs/],
    diagnosis:
      "Each repair is undone at once: two hands are on one file. The agent has slowed down by itself, so nothing burns. " +
      "The other hand is named: stop it, or take the promise back.",
  },
  {
    name: "A repair hangs",
    resource: "command:migration",
    happens: async ({ publish, until }) => {
      await publish(
        '  command:migration: { check: ["/bin/false"], apply: ["/bin/sleep", "1000"], timeout: 1h }',
      );
      await until("command:migration", "repairing");
      // Long enough that a person sees that nothing moves.
      await new Promise((waited) => setTimeout(waited, 3_000));
    },
    reads: [/is repairing/, /step 1 of 1/, /last progress/, /gives up in/, /next +antibody cancel \d+-\d+/],
    diagnosis:
      "It is not slow, it is stuck: step 1 of 1 began when the repair did, and nothing has been heard since. Left alone " +
      "it is ended at its deadline; `antibody cancel` ends it now, with all that it started.",
  },
  {
    name: "A file cannot be written",
    resource: "file:/srv/app/config",
    happens: async ({ publish, until, root }) => {
      mkdirSync(join(root, "srv", "app", "config"), { recursive: true });
      writeFileSync(join(root, "srv", "app", "config", "old.bak"), "precious");
      await publish('  file:/srv/app/config: { content: "a = 1\\n", retry: 3, backoff: { base: 100ms } }');
      await until("file:/srv/app/config", "handedOff");
    },
    reads: [/is handed off/, /directory, promised a file/, /ENOTEMPTY|not empty|entries/],
    diagnosis:
      "A directory with something in it stands where a file is promised. The agent never removes what it does not know, " +
      "so a person has to look into the directory, and move it away.",
  },
  {
    name: "New policy changes nothing",
    resource: "command:cleanup",
    grant: ["--scope", "file:/etc/**", "--scope", "command:*", "--rank", "10", "--yes"],
    happens: async ({ publish, person }) => {
      await publish('  command:cleanup: { check: ["/bin/false"], apply: ["/bin/true"], timeout: 10s }');
      await eventually("the claim", async () => (await person.type("status")).text.includes("cleanup"));
      person.shown.length = 0;
    },
    reads: [/held +command:cleanup/, /missingPower/, /next +antibody trust add .* --power command/],
    diagnosis:
      "The policy is here, and well signed; but it wants to run a program, and the owner never gave its author that " +
      "power. The next command would: whether it should is the owner's decision.",
  },
];

async function nightOf(trouble: Trouble, colony: TestColony): Promise<string> {
  await form(colony, ["one"]);
  const root = colony.colony.rootOf("one");
  const person = new Transcript(colony, "one");
  const { keyFile, rootFile, id } = await makeAuthor(colony, "one");
  if (trouble.grant !== undefined) {
    await person.type("trust", "remove", id, "--yes");
    await person.type("trust", "add", rootFile, ...trouble.grant);
  }
  person.shown.length = 0;
  const night: Night = {
    colony,
    person,
    root,
    children: [],
    publish: async (promises) => {
      const source = join(colony.colony.directory, "policy.yaml");
      writeFileSync(source, `stream: home\nname: all\npromises:\n${promises}\n`);
      await colony.colony.command("one", "publish", source, "--author", keyFile);
    },
    until: (resource, phase) =>
      eventually(`${resource} to be ${phase}`, async () => {
        const view = await colony.colony.agent("one").resource(resource);
        return view?.phase === phase;
      }),
  };
  try {
    await trouble.happens(night);
    const status = await person.type("status");
    const why = await person.type("why", trouble.resource);
    // Lines are broken for people.
    const read = (status.text + why.text).replace(/\n +/g, " ");
    for (const pattern of trouble.reads) expect(read).toMatch(pattern);
    // Of the paths of the test only the root of the device is its own.
    return person.shown.join("\n").replaceAll(root, "");
  } finally {
    for (const child of night.children) child.kill("SIGKILL");
  }
}

function sectionOf({ name, diagnosis }: Trouble, transcript: string): string {
  const lines = diagnosis.match(/.{1,118}(?: |$)/g) ?? [];
  const text = lines.map((line) => line.trimEnd()).join("\n");
  return `### ${name}\n\n\`\`\`console\n${transcript.trimEnd()}\n\`\`\`\n\n${text}\n`;
}

describe("at three in the morning", () => {
  test.each(troubles.map((trouble) => [trouble.name, trouble] as const))("%s", async (_name, trouble) => {
    const colony = makeColony();
    try {
      const section = sectionOf(trouble, await nightOf(trouble, colony));
      const text = readFileSync(page, "utf8");
      const start = `<!-- trouble: ${trouble.name} -->\n`;
      const end = "<!-- end -->";
      const from = text.indexOf(start) + start.length;
      expect(from).toBeGreaterThan(start.length);
      const to = text.indexOf(end, from);
      if (process.env["ANTIBODY_WRITE_DOCS"] === "1")
        writeFileSync(page, `${text.slice(0, from)}\n${section}\n${text.slice(to)}`);
      else expect(withoutChance(section)).toBe(withoutChance(text.slice(from, to)).trim().concat(" "));
    } finally {
      await colony.end();
    }
  });
});
