import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { generationsKept } from "../src/source/published.ts";
import { type Stage, setStage } from "./commandLine.ts";
import { fullInspection, source, streamName } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

async function keygen(stage: Stage, ...args: readonly string[]): Promise<string> {
  const { value } = await stage.json("author", "keygen", "--name", "home", "--no-passphrase", ...args);
  return String(value["author"]);
}

describe("lint, of secrets", () => {
  test.each([
    ['file:/etc/key: { content: "-----BEGIN OPENSSH PRIVATE KEY-----\\nabc" }', "a private key"],
    ['file:/etc/app: { content: "password = hunter22\\n" }', "a password or token"],
    ['process:app: { command: ["/bin/app"], env: { API_TOKEN: "abc" } }', "a password or token"],
  ])("warns of %s", async (promise, what) => {
    const stage = await setStage();
    const file = join(stage.state, "home.yaml");
    await writeFile(file, `stream: home\nname: app\npromises:\n  ${promise}\n`);
    const { code, value } = await stage.json("lint", file);
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    expect(value["warnings"]).toEqual([expect.stringContaining(`looks like ${what}`)]);
    expect(JSON.stringify(value)).not.toContain("hunter22");
  });

  test("is quiet about what is none", async () => {
    const stage = await setStage();
    const file = join(stage.state, "home.yaml");
    await writeFile(
      file,
      'stream: home\nname: app\npromises:\n  file:/etc/ssh/sshd_config: { content: "PasswordAuthentication no\\n# token: see the vault\\n" }\n',
    );
    expect((await stage.json("lint", file)).value["warnings"]).toEqual([]);
  });
});

describe("lint, of what an author may", () => {
  const policyFile = async (stage: Stage, promises: string): Promise<string> => {
    const file = join(stage.state, "home.yaml");
    await writeFile(file, `stream: home\nname: app\npromises:\n${promises}`);
    return file;
  };

  test("finds what its root has no scope for, and scopes that match nothing", async () => {
    const stage = await setStage();
    await keygen(stage, "--scope", "file:/srv/**,file:/ect/**");
    const file = await policyFile(
      stage,
      "  file:/srv/a: { mode: '0644' }\n  file:/etc/b: { mode: '0644' }\n",
    );
    const { code, out } = await stage.run("lint", file, "--author", "home");
    expect(code).toBe(1);
    expect(out).toMatch(/home\.yaml:5:16: file:\/etc\/b: outside the scopes of this author \(its root names/);
    const root = join(stage.state, "author-keys", "home.root");
    expect((await stage.run("lint", file, "--author", root)).out).toBe(out);

    await policyFile(stage, "  file:/srv/a: { mode: '0644' }\n");
    const { value } = await stage.json("lint", file, "--author", "home");
    expect(schemaProblems(value)).toEqual([]);
    expect(value["warnings"]).toEqual([
      "file:/ect/** matches nothing of what this author promises; nearest is file:/srv/a",
    ]);
  });

  test("tells what the owner of this device has not granted, and what is granted in vain", async () => {
    const [grant] = fullInspection.grants;
    if (grant === undefined) throw new Error("the device grants somebody");
    const stage = await setStage({
      ...fullInspection,
      grants: [{ ...grant, scope: ["file:/etc/**", "process:*", "file:/vra/**"] }],
    });
    const file = await policyFile(
      stage,
      "  file:/var/a: { mode: '0644' }\n  file:/etc/a: { mode: '0644' }\n  process:a: { command: [/bin/a] }\n",
    );
    const { code, value } = await stage.json("lint", file);
    expect(code).toBe(0);
    expect(value["warnings"]).toEqual([
      "file:/var/a: held on this device, by its owner's grant: outside the scope",
      "file:/vra/** matches nothing here of what this author promises, though it is granted; nearest is file:/var/a",
    ]);
  });

  test("says who is meant where nobody is", async () => {
    const stage = await setStage();
    const file = await policyFile(stage, "  file:/srv/a: { mode: '0644' }\n");
    const { code, value } = await stage.json("lint", file, "--author", "nobody");
    expect(code).toBe(1);
    expect(value).toMatchObject({ error: { code: "notFound" } });
    expect((await stage.run("lint", file)).code).toBe(0);
  });
});

describe("who is meant", () => {
  test("is told by the keys that lie here, where nobody or a stranger was named", async () => {
    const stage = await setStage(fullInspection);
    const file = join(stage.state, "home.yaml");
    await writeFile(file, source);
    const none = await stage.run("publish", file);
    expect([none.code, none.err]).toEqual([2, expect.stringMatching(/no key lies in .*author-keys/)]);
    expect(none.err).toMatch(/next: .* author keygen --name NAME/);
    await keygen(stage);
    const missing = await stage.run("publish", file);
    expect(missing.err).toMatch(
      /keys in the state directory: home\n.*next: .* publish .*home.yaml --author home\n/s,
    );
    const wrong = await stage.run("publish", file, "--author", "hose");
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("there is no author's key hose")]);
    expect(wrong.err).toContain("keys in the state directory: home");
  });

  test("is accepted by the name of a root that lies here", async () => {
    const stage = await setStage(fullInspection);
    const author = await keygen(stage);
    for (const name of ["home", "home.root"]) {
      const args = ["trust", "add", name, "--scope", "file:/etc/**", "--rank", "1", "--yes"];
      const { code, value } = await stage.json(...args);
      expect([code, value["author"]]).toEqual([0, author]);
    }
  });
});

describe("publish, out of the author's scopes", () => {
  test("is refused before anything is signed", async () => {
    const stage = await setStage(fullInspection);
    await keygen(stage, "--scope", "file:/srv/**");
    const file = join(stage.state, "home.yaml");
    await writeFile(file, source);
    const { code, value } = await stage.json("publish", file, "--author", "home");
    expect(code).toBe(1);
    expect(value).toMatchObject({ error: { code: "outOfScope" } });
    expect(stage.agent.offers).toEqual([]);
  });
});

describe("rollback", () => {
  test("publishes again what an earlier generation said, as a new one", async () => {
    const stage = await setStage(fullInspection);
    const author = await keygen(stage);
    const file = join(stage.state, "home.yaml");
    await writeFile(file, source);
    await stage.json("publish", file, "--author", "home");
    const place = { state: stage.state, author: author as never, stream: streamName("home") };
    expect(generationsKept(place)).toEqual([1]);
    const [kept] = generationsKept(place);
    expect(await readFile(join(stage.state, "published", author, "home", `${kept}.yaml`), "utf8")).toBe(
      source,
    );
    await writeFile(
      join(stage.state, "published", author, "home", "2.yaml"),
      source.replace("sensor", "other"),
    );
    const before = stage.agent.offers.length;
    const { code, value } = await stage.json("rollback", "home", "--author", "home");
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    expect(value).toMatchObject({ schema: "antibody.publish/1", stream: "home", published: true });
    expect(stage.agent.offers.length).toBeGreaterThan(before);
  });

  test("says which generations there are to go back to", async () => {
    const stage = await setStage(fullInspection);
    await keygen(stage);
    const { code, value } = await stage.json("rollback", "home", "--author", "home", "--to", "7");
    expect(code).toBe(1);
    expect(value).toMatchObject({ error: { code: "notKept" } });
    expect(stage.agent.offers).toEqual([]);
  });
});

describe("sign", () => {
  async function signed(generation: string): Promise<{ stage: Stage; out: string }> {
    const stage = await setStage(fullInspection);
    await keygen(stage);
    const file = join(stage.state, "home.yaml");
    await writeFile(file, source);
    const out = join(stage.state, "home.bundle");
    const args = ["sign", file, "--author", "home", "--generation", generation, "--out", out];
    const { code, value } = await stage.json(...args);
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    return { stage, out };
  }

  test("makes a bundle without an agent, which is published without a key", async () => {
    const { stage, out } = await signed("5");
    expect(stage.agent.offers).toEqual([]);
    const { code, value } = await stage.json("publish", out);
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    expect(value).toMatchObject({ stream: "home", generation: 5, published: true });
    expect(stage.agent.offers.length).toBeGreaterThan(0);
    expect(await readFile(out, "utf8")).not.toContain("seed");
  });

  test("is refused where the file was cut, and where nobody has signed", async () => {
    const { stage, out } = await signed("5");
    await writeFile(out, (await readFile(out, "utf8")).slice(0, -40));
    expect((await stage.json("publish", out)).value).toMatchObject({ error: { code: "damaged" } });
    expect((await stage.run("publish", join(stage.state, "home.yaml"))).code).toBe(2);
    expect(stage.agent.offers).toEqual([]);
  });
});

describe("simulate", () => {
  test("shows what a file does to a swarm, through damage and power cuts", async () => {
    const stage = await setStage();
    const file = join(stage.state, "home.yaml");
    await writeFile(file, source);
    const { code, value } = await stage.json("simulate", file, "--agents", "5");
    expect(value).toMatchObject({ scenario: "simulate", agents: 5, outcome: "held" });
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    expect((value["counters"] as { repairs: number }).repairs).toBeGreaterThan(10);
  });

  test("tries each guard on devices on which it holds, and says where none does", async () => {
    const stage = await setStage();
    const file = join(stage.state, "home.yaml");
    const guarded = 'stream: home\nname: a\nwhen: GUARD\npromises:\n  file:/a: { content: "x" }\n';
    await writeFile(file, guarded.replace("GUARD", 'arch == "x64" && tags.exists("shed")'));
    const { code, err } = await stage.run("simulate", file, "--agents", "4");
    expect([code, err]).toEqual([0, "devices, in turn: any; tags shed and arch x64\n"]);
    const { value } = await stage.json("simulate", file, "--agents", "4");
    expect((value["counters"] as { repairs: number }).repairs).toBeGreaterThan(2);
    await writeFile(file, guarded.replace("GUARD", 'name.startsWith("shed") && name.endsWith("barn")'));
    const nowhere = await stage.run("simulate", file, "--agents", "4");
    expect(nowhere.err).toContain("on no simulated device holds:");
  });

  test.each(["clean-publish", "mass-death"])("takes the place of what %s publishes", async (scenario) => {
    const stage = await setStage();
    const file = join(stage.state, "home.yaml");
    await writeFile(file, source);
    const args = ["simulate", file, "--scenario", scenario, "--agents", "10"];
    const { code, value } = await stage.json(...args);
    expect(value).toMatchObject({ scenario, outcome: "held" });
    expect(code).toBe(0);
    const reached = Object.keys(value["milestones"] as object).map((name) => name.replace(/@.*/, ""));
    expect(reached).toContain("generation1InForceMs");
  });

  test("takes a scenario's file, with the devices that it names", async () => {
    const stage = await setStage();
    const file = join(stage.state, "home.yaml");
    await writeFile(
      file,
      'stream: home\nname: a\nwhen: hostname == "shed"\npromises:\n  file:/a: { content: "x" }\n',
    );
    const scenario = join(stage.state, "mine.yaml");
    const text = [
      "schema: antibody.scenario/1",
      "name: mine",
      "title: A device is damaged",
      "agents: 4",
      "durationMs: 40000",
      "startSpreadMs: 0",
      "kinds: [{ hostname: barn }, { hostname: shed, tags: [wet] }]",
      "steps: [{ atMs: 15000, type: damage, who: { all: true }, resources: 1 }]",
      "expectations: [{ type: allKept, fromMs: 15000, withinMs: 15000 }]",
    ].join("\n");
    await writeFile(scenario, text);
    const repairs = async (): Promise<number> => {
      const { code, value } = await stage.json("simulate", file, "--scenario", scenario);
      expect(value).toMatchObject({ scenario: "mine", outcome: "held", agents: 4 });
      expect(code).toBe(0);
      return (value["counters"] as { repairs: number }).repairs;
    };
    expect(await repairs()).toBeGreaterThan(1);
    await writeFile(scenario, text.replace("hostname: shed", "hostname: stable"));
    expect(await repairs()).toBe(0);
  });

  test("projects a file onto the devices that the agent knows, under its owner's grant", async () => {
    const stage = await setStage(fullInspection);
    const file = join(stage.state, "home.yaml");
    const documents = ['tags.exists("wet")', 'name == "greenhouse"', 'name == "attic"'].map(
      (when, index) =>
        `stream: home\nname: part-${index}\nwhen: ${when}\npromises:\n  file:/etc/part-${index}: { content: "x" }\n`,
    );
    await writeFile(file, `${documents.join("---\n")}  file:/srv/held: { content: "x" }\n`);
    const { code, out, err } = await stage.run("simulate", file, "--live");
    expect(out).toContain("simulate, 2 agents, seed 1: held");
    expect(err.split("\n").slice(0, -1)).toEqual([
      "antibody: file:/srv/held: held on this device, by its owner's grant: outside the scope",
      // It is dead, as the agent here knows.
      'antibody: on no device known here holds: name == "attic"',
      "2 devices as known here, under the grant of this device's owner (enforce)",
    ]);
    expect(code).toBe(0);
    const { value } = await stage.json("simulate", file, "--live");
    // One file on each of the two: written, damaged, written again.
    expect((value["counters"] as { repairs: number }).repairs).toBeGreaterThan(1);
    await stage.closeAgent();
    expect((await stage.run("simulate", file, "--live")).code).toBe(4);
  });

  test("refuses scenarios that are about bundles of their own", async () => {
    const stage = await setStage();
    const file = join(stage.state, "home.yaml");
    await writeFile(file, source);
    for (const scenario of ["bad-canary", "conflicting-publishers"]) {
      const { code, err } = await stage.run("simulate", file, "--scenario", scenario);
      expect([code, err]).toEqual([2, expect.stringContaining("no bundle that another could stand for")]);
    }
  });

  test("fails where something is never kept", async () => {
    const stage = await setStage();
    const file = join(stage.state, "home.yaml");
    // It reports, and nothing can repair it.
    await writeFile(
      file,
      'stream: home\nname: a\npromises:\n  file:/a: { after: ["role:none"] }\n  role:web: { count: 1, majority: [] }\n',
    );
    expect((await stage.run("simulate", file)).code).toBe(1);
    await writeFile(file, 'stream: home\nname: a\npromises:\n  file:/a: { after: ["file:/missing"] }\n');
    const { code, value } = await stage.json("simulate", file, "--agents", "3");
    expect(code).toBe(1);
    expect(value).toMatchObject({ outcome: "violated" });
  });
});
