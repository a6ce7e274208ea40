import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BareDebian } from "./harness/bareDebian.ts";
import { allHold, eventually, form, makeColony, type TestColony } from "./harness/colonies.ts";
import { debianPackage, whyNoDebian } from "./harness/executables.ts";

const reason = whyNoDebian();
const installing = ["dpkg", "--install", "/tmp/antibody.deb"];
const purging = ["dpkg", "--purge", "antibody"];
const state = "/var/lib/antibody";

describe.skipIf(reason !== undefined)(
  `the package on a bare Debian${reason === undefined ? "" : ` (${reason})`}`,
  () => {
    let debian: BareDebian;
    let test: TestColony;
    let before: readonly string[];

    beforeAll(async () => {
      debian = new BareDebian();
      copyFileSync(debianPackage, join(debian.root, "tmp/antibody.deb"));
      before = debian.paths();
      test = makeColony();
      await form(test, ["attic"]);
    }, 300_000);

    afterAll(async () => {
      await test?.end();
      await debian?.end();
    });

    it("installs without a question, and says what comes next", () => {
      const { code, out, err } = debian.run(installing);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toContain("antibody init --name NAME, or antibody join CODE --name NAME");
      expect(debian.run(["antibody", "--version"])).toEqual({ code: 0, out: "0.1.0\n", err: "" });
      const { code: found, out: checked } = debian.run(["antibody", "doctor"]);
      expect(found).toBe(3);
      expect(checked).toMatch(/FINDING +agent .*\n +mend: antibody init --name NAME/);
    });

    it("joins a swarm as a user of its own, which its root can look at", async () => {
      const { code } = await test.colony.command("attic", "invite");
      expect(debian.run(["antibody", "join", String(code), "--name", "garage"])).toMatchObject({
        code: 0,
        err: "",
      });
      debian.start(["antibody", "run"]);
      await eventually("the device to be reachable", () =>
        allHold(test.colony.agents, ["garage"], "reachable"),
      );
      await eventually("root to see the swarm", () => {
        const { out } = debian.run(["antibody", "--json", "peers"]);
        return out !== "" && JSON.parse(out).peers[0]?.verdict === "reachable";
      });
      const owners = debian.run(["find", state, "!", "-user", "antibody"]);
      expect(owners).toEqual({ code: 0, out: "", err: "" });
      expect(debian.run(["antibody", "doctor"])).toMatchObject({ code: 0 });
    });

    it("is ended by its removal, and leaves nothing but keys when nobody can be asked", async () => {
      const purged = debian.run(purging);
      expect(purged.code).toBe(0);
      expect(purged.err).toContain(`the keys are kept in ${state}`);
      await eventually("the swarm to hear its goodbye", () =>
        allHold(test.colony.agents, ["garage"], "left"),
      );
      const left = debian.paths().filter((path) => !before.includes(path));
      expect(left.map((path) => path.replace(`.${state}`, ""))).toEqual([
        "",
        "/agent.key",
        "/author-keys",
        "/charter.json",
        "/owner.key",
      ]);
      expect(readFileSync(join(debian.root, "etc/passwd"), "utf8")).toMatch(/^antibody:/m);
    });

    it("leaves nothing at all when the keys may go", () => {
      expect(debian.run(installing).code).toBe(0);
      const purged = debian.run(purging, { ANTIBODY_PURGE_KEYS: "yes" });
      expect(purged).toMatchObject({ code: 0, err: "" });
      expect(debian.paths()).toEqual(before);
      for (const file of ["passwd", "group", "shadow", "gshadow"])
        expect(readFileSync(join(debian.root, "etc", file), "utf8")).not.toContain("antibody");
    });

    it("is installed by its own executable where there is no package, and taken back", () => {
      copyFileSync(join(debianPackage, "../antibody-linux-x64"), join(debian.root, "tmp/antibody"));
      expect(debian.run(["/tmp/antibody", "install"])).toMatchObject({ code: 0, err: "" });
      expect(existsSync(join(debian.root, "etc/systemd/system/antibody.service"))).toBe(true);
      expect(debian.run(["antibody", "init", "--name", "solo"])).toMatchObject({ code: 0, err: "" });
      const removed = debian.run(["antibody", "uninstall", "--delete-keys"]);
      expect(removed).toMatchObject({ code: 0, err: "" });
      expect(debian.paths()).toEqual(before);
    });
  },
);
