import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Journal } from "../packages/agent/src/state/journal.ts";
import { statePaths } from "../packages/agent/src/state/places.ts";
import { type CommandOutcome, runCommand } from "../packages/cli/src/demo/command.ts";
import { launcher } from "./harness/colonies.ts";
import { Mounts } from "./harness/mounts.ts";
import { whyNoNamespaces } from "./harness/namespaces.ts";

/** Another user than the one that runs the tests. */
const nobody = 65_534;

let directory: string;
let sound: string;
let strange: string;

/** An agent in another swarm, and one whose state is damaged anew for every test. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "antibody-strange-"));
  chmodSync(directory, 0o755);
  for (const path of ["root", "root/etc"]) mkdirSync(join(directory, path));
  for (const name of ["sound", "other"]) {
    const made = ["--state", join(directory, name), "init", "--name", name];
    expect((await runCommand(launcher, made, AbortSignal.timeout(30_000))).code).toBe(0);
  }
  sound = join(directory, "sound");
  strange = join(directory, "strange");
});

afterAll(() => rmSync(directory, { recursive: true }));

function run(before: readonly string[] = [], state: string = strange): Promise<CommandOutcome> {
  const [file = "", ...args] = [...before, launcher.file, ...launcher.args];
  const words = ["--state", state, "run", "--root", join(directory, "root")];
  return runCommand({ file, args }, words, AbortSignal.timeout(30_000));
}

function inState(name: string): string {
  return join(strange, name);
}

/** Does something with one of the databases. */
function database(name: string, statement: string): void {
  const opened = new DatabaseSync(inState(name));
  opened.exec(statement);
  opened.close();
}

describe("a state directory that cannot be used is refused, with the cause and what to do, and left as it is:", () => {
  const cases: readonly (readonly [
    what: string,
    damage: () => void,
    code: number,
    cause: RegExp,
    next: RegExp,
  ])[] = [
    [
      "a charter cut short",
      () => truncateSync(inState("charter.json"), 100),
      1,
      /charter\.json cannot be used/,
      /backup/,
    ],
    ["an empty charter", () => truncateSync(inState("charter.json"), 0), 1, /charter\.json cannot/, /backup/],
    [
      "the charter of another swarm",
      () => cpSync(join(directory, "other/charter.json"), inState("charter.json")),
      1,
      /another key than the one in agent\.key/,
      /backup/,
    ],
    [
      "a charter of a newer version",
      () => writeFileSync(inState("charter.json"), '{"v":2}'),
      1,
      /a newer version of Antibody wrote .*charter\.json/,
      /Run that version/,
    ],
    [
      "a key cut short",
      () => truncateSync(inState("agent.key"), 20),
      1,
      /agent\.key holds no readable key/,
      /backup/,
    ],
    ["no key", () => rmSync(inState("agent.key")), 1, /agent\.key is missing/, /backup/],
    [
      "the key of another agent",
      () => cpSync(join(directory, "other/agent.key"), inState("agent.key")),
      1,
      /another key than the one in agent\.key/,
      /backup/,
    ],
    ["a key that others may read", () => chmodSync(inState("agent.key"), 0o644), 5, /agent\.key/, /chmod/],
    [
      "a journal of a newer version",
      () => database("journal.db", "PRAGMA user_version=3"),
      1,
      /a newer version of Antibody wrote .*journal\.db/,
      /Run that version/,
    ],
    [
      "a history of a newer version",
      () => database("history.db", "PRAGMA user_version=3"),
      1,
      /a newer version of Antibody wrote .*history\.db/,
      /Run that version/,
    ],
    [
      "a record of a newer version",
      () => {
        const journal = Journal.open(statePaths(strange), 0);
        journal.persist("sync", [{ key: "floor/author_a/home", value: { v: 2, floor: 7 } }]);
        journal.close();
      },
      1,
      /a newer version of Antibody wrote floor\/author_a\/home/,
      /Run that version/,
    ],
    [
      "a directory where others may write",
      () => chmodSync(strange, 0o777),
      5,
      /others could replace/,
      /ls -ld/,
    ],
    [
      "a file in its place",
      () => {
        rmSync(strange, { recursive: true });
        writeFileSync(strange, "");
      },
      1,
      /nothing was begun/,
      /init/,
    ],
  ];

  it.each(cases)("%s", async (_what, damage, code, cause, next) => {
    rmSync(strange, { recursive: true, force: true });
    cpSync(sound, strange, { recursive: true });
    damage();
    const files = (): readonly string[] =>
      readdirSync(directory, { recursive: true })
        .map(String)
        .filter((name) => name.startsWith("strange"));
    const before = files();
    const refused = await run();
    expect(refused.code).toBe(code);
    expect(refused.stderr).toMatch(new RegExp(`cause: .*${cause.source}`));
    expect(refused.stderr).toMatch(new RegExp(`next: .*${next.source}`));
    // A lock is taken before anything is read.
    expect(files().filter((name) => !name.endsWith("/lock"))).toEqual(
      before.filter((name) => !name.endsWith("/lock")),
    );
  });
});

const reason = whyNoNamespaces();

describe.skipIf(reason !== undefined)(
  `a state directory that this user may not use is refused as such${reason === undefined ? "" : ` (${reason})`}:`,
  () => {
    it("another user's", async () => {
      const own = ["setpriv", `--reuid=${nobody}`, "--clear-groups"];
      const refused = await run(own, sound);
      expect(refused.code).toBe(5);
      expect(refused.stderr).toMatch(/cause: cannot look at .*charter\.json: EACCES/);
      expect(refused.stderr).toMatch(/next: .*sudo/);
      const doctor = await runCommand(
        { file: own[0] ?? "", args: [...own.slice(1), launcher.file, ...launcher.args] },
        ["--state", sound, "doctor"],
        AbortSignal.timeout(30_000),
      );
      expect(doctor.code).toBe(3);
      expect(doctor.stdout).toMatch(/FINDING {2}agent +.*may not be opened by this user/);
    });

    it("one with a file of another user", async () => {
      rmSync(strange, { recursive: true, force: true });
      cpSync(sound, strange, { recursive: true });
      for (const name of ["", ...readdirSync(strange)]) chownSync(join(strange, name), nobody, nobody);
      chownSync(inState("agent.key"), 0, 0);
      const refused = await run();
      expect(refused.code).toBe(5);
      expect(refused.stderr).toMatch(/cause: .*agent\.key/);
    });

    it("one on a file system that is read-only", async () => {
      const mounts = await Mounts.make();
      try {
        const state = mounts.pathOf(join(directory, "readOnly"));
        mounts.mount(state, 2 * 1_048_576);
        cpSync(sound, state, { recursive: true });
        mounts.remount(state, "ro");
        const refused = await run(["nsenter", ...mounts.enter], state);
        expect(refused.code).toBe(1);
        expect(refused.stderr).toMatch(/cause: .*read-?only/);
        expect(refused.stderr).toMatch(/next: /);
      } finally {
        mounts.end();
      }
    });
  },
);
