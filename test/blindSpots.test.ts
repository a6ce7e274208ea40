import { execFileSync, spawnSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentProcess } from "../packages/cli/src/demo/agent-process.ts";
import { authorOf, bundleOf, documentOf, grantOf } from "../packages/policy/test/support.ts";
import { eventually, form, makeColony, type TestColony } from "./harness/colonies.ts";
import { Mounts } from "./harness/mounts.ts";

/** Long enough that whoever looks at the log can tell a sweep from an event, short enough for a test. */
const sweep = "700ms";
/** Renames that make two events each, of which the kernel keeps 16,384 for one reader. */
const overflowingRenames = 8_300;

const author = authorOf("blindSpots");
const content = "as promised, in full\n";
const places = ["mapped", "linked", "renamed", "mounted", "recreated", "swapped", "overflown"] as const;
const isRoot = process.getuid?.() === 0;
const canMap = spawnSync("python3", ["-c", "import mmap"]).status === 0;

let test: TestColony;
let mounts: Mounts | undefined;
let agent: AgentProcess;

function pathOf(place: (typeof places)[number]): string {
  return join(agent.root, "srv", place, "file");
}

/** What a reader of the path finds, by way of what is mounted where the agent lives. */
function textAt(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Does something while the agent stands still, so that it repairs nothing of it half-way. */
async function unseen(act: () => void): Promise<void> {
  agent.kill("SIGSTOP");
  try {
    const stands = / \(.*\) T /s;
    await eventually("the agent to stand still", () => stands.test(textAt(`/proc/${agent.pid}/stat`)));
    act();
  } finally {
    agent.kill("SIGCONT");
  }
}

async function healed(place: (typeof places)[number]): Promise<void> {
  await eventually(`${place} to be healed`, () => textAt(pathOf(place)) === content);
}

beforeAll(async () => {
  if (isRoot) mounts = await Mounts.make();
  test = makeColony(mounts === undefined ? {} : { mounts });
  await form(test, ["alone"], "--sweep", sweep);
  agent = test.colony.agent("alone");
  await agent.client.command({ type: "grant", grant: grantOf(author.author) });
  await agent.client.offer(author.rootBytes);
  const resources: { [resource: string]: { [field: string]: string | string[] } } = {
    "directory:/srv": {},
    "symlink:/srv/current": { target: "releases/1", after: ["directory:/srv"] },
  };
  for (const place of places) {
    resources[`directory:/srv/${place}`] = { after: ["directory:/srv"] };
    resources[`file:/srv/${place}/file`] = { content, after: [`directory:/srv/${place}`] };
  }
  for (const bytes of bundleOf(author, 1, [documentOf("all", resources)]).bytes)
    await agent.client.offer(bytes);
  await eventually("all to be kept", async () => {
    const view = await agent.inspect();
    return view.resources.length > places.length && view.resources.every(({ phase }) => phase === "kept");
  });
});

afterAll(async () => {
  await test.end();
  mounts?.end();
});

describe("what makes no event is healed within a sweep", () => {
  // Needs Python, since Node maps no files.
  it.skipIf(!canMap).concurrent("a write to a mapping of the file", async () => {
    const path = pathOf("mapped");
    const write =
      "import mmap,sys; f=open(sys.argv[1],'r+b'); m=mmap.mmap(f.fileno(),0); m[0:2]=b'XX'; m.flush()";
    execFileSync("python3", ["-c", write, path]);
    await healed("mapped");
  });

  it.concurrent("a write through another hard link", async () => {
    const other = join(dirname(dirname(pathOf("linked"))), "elsewhere");
    linkSync(pathOf("linked"), other);
    writeFileSync(other, "through the back door\n");
    await healed("linked");
    // Healed by a file of its own: the other name keeps what was written there.
    expect(textAt(other)).toBe("through the back door\n");
  });

  it.concurrent("a symbolic link whose target is swapped", async () => {
    const link = join(agent.root, "srv", "current");
    // In one move: an agent that met it between two would have put the right one there.
    symlinkSync("releases/2", `${link}.next`);
    renameSync(`${link}.next`, link);
    await eventually("the link to be healed", () => readlinkSync(link) === "releases/1");
  });

  it.concurrent("a parent that is renamed", async () => {
    const parent = dirname(pathOf("renamed"));
    renameSync(parent, `${parent}.old`);
    await healed("renamed");
  });

  // Needs root, since a mount does.
  it.skipIf(!isRoot).concurrent("a file system that is mounted over the directory", async () => {
    const parent = dirname(pathOf("mounted"));
    mounts?.mount(parent, 65_536);
    expect(textAt(pathOf("mounted"))).toBe("");
    await healed("mounted");
  });

  it.concurrent("a directory that is made anew, and was changed before anybody watched it", async () => {
    const parent = dirname(pathOf("recreated"));
    await unseen(() => {
      rmSync(parent, { recursive: true });
      mkdirSync(parent);
      writeFileSync(pathOf("recreated"), "of somebody else\n");
    });
    await healed("recreated");
  });
});

it("events beyond the kernel's queue, of which nobody is told", async () => {
  const path = pathOf("overflown");
  await unseen(() => {
    const [here, there] = [join(dirname(path), "here"), join(dirname(path), "there")];
    writeFileSync(here, "");
    for (let rename = 0; rename < overflowingRenames; rename += 1)
      if (rename % 2 === 0) renameSync(here, there);
      else renameSync(there, here);
    writeFileSync(path, "lost\n");
  });
  await healed("overflown");
});

// No repair follows a link, and none removes what somebody put there.
it("a symbolic link in the place of the directory is named, until it is gone", async () => {
  const parent = dirname(pathOf("swapped"));
  const elsewhere = `${parent}.elsewhere`;
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "file"), "of somebody else\n");
  await unseen(() => {
    renameSync(parent, `${parent}.old`);
    symlinkSync(elsewhere, parent);
  });
  const seen = async () =>
    (await agent.inspect()).resources.find(({ resource }) => resource === "file:/srv/swapped/file");
  await eventually("the link to be named", async () => (await seen())?.why.includes("is a symlink") === true);
  expect((await seen())?.phase).not.toBe("kept");
  expect(textAt(join(elsewhere, "file"))).toBe("of somebody else\n");
  await unseen(() => {
    unlinkSync(parent);
    renameSync(`${parent}.old`, parent);
  });
  await eventually("the file to be kept", async () => (await seen())?.phase === "kept");
});
