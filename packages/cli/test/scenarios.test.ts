import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { setStage } from "./commandLine.ts";
import { schemaProblems } from "./schemas.ts";

describe("sim list", () => {
  test("names every scenario, with a line on what it shows", async () => {
    const stage = await setStage();
    const { code, value } = await stage.json("sim", "list");
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    const { out } = await stage.run("sim", "list");
    for (const { name, title } of value["scenarios"] as { name: string; title: string }[]) {
      expect(out).toContain(name);
      expect(out).toContain(title);
    }
  });
});

describe("sim show", () => {
  test("prints every scenario as its schema says", async () => {
    const stage = await setStage();
    const { value } = await stage.json("sim", "list");
    for (const { name } of value["scenarios"] as { name: string }[]) {
      expect(schemaProblems((await stage.json("sim", "show", name)).value)).toEqual([]);
    }
  });

  test("prints a scenario that runs again from a file, as YAML and as JSON", async () => {
    const stage = await setStage();
    const yaml = join(stage.state, "mine.yaml");
    const json = join(stage.state, "mine.json");
    await writeFile(yaml, (await stage.run("sim", "show", "mass-death")).out);
    const shown = await stage.json("sim", "show", "mass-death");
    expect(schemaProblems(shown.value)).toEqual([]);
    await writeFile(json, JSON.stringify(shown.value, undefined, 2));
    const hashes = new Set<unknown>();
    for (const scenario of ["mass-death", yaml, json]) {
      const { code, value } = await stage.json("sim", "run", scenario, "--agents", "8");
      expect(code).toBe(0);
      hashes.add(value["hash"]);
    }
    expect(hashes.size).toBe(1);
  });

  test("tells every problem of a file, with line and column and what is expected", async () => {
    const stage = await setStage();
    const file = join(stage.state, "mine.yaml");
    const sound = (await stage.run("sim", "show", "mass-death")).out;
    await writeFile(
      file,
      sound.replace("percent: 30", "percent: many").replace("type: oneView", "type: noView"),
    );
    const { code, out } = await stage.run("sim", "show", file);
    expect(code).toBe(1);
    expect(out).toContain(`${file}:11:7: steps.0.who: expected whom: `);
    expect(out).toContain(`${file}:14:11: expectations.0.type: expected type to be inForce, `);
    expect(schemaProblems((await stage.json("sim", "show", file)).value)).toEqual([]);
    const { code: ran, err } = await stage.run("sim", "run", file);
    expect(ran).toBe(1);
    expect(err).toContain("(and 1 more)");
  });

  test("says what cannot be read, and what is no scenario", async () => {
    const stage = await setStage();
    expect((await stage.run("sim", "run", "/nowhere.yaml")).code).toBe(1);
    const { code, err } = await stage.run("sim", "show", "armageddon");
    expect(code).toBe(2);
    expect(err).toContain("sim list");
  });
});

describe("sim run", () => {
  test("takes the seed that a file names, unless another is asked for", async () => {
    const stage = await setStage();
    const file = join(stage.state, "mine.yaml");
    const { out } = await stage.run("sim", "show", "clean-publish");
    await writeFile(file, out.replace("agents: 100\n", "agents: 4\nseed: 9\n"));
    expect(await readFile(file, "utf8")).toContain("seed: 9");
    expect((await stage.json("sim", "run", file)).value["seed"]).toBe(9);
    expect((await stage.json("sim", "run", file, "--seed", "2")).value["seed"]).toBe(2);
  });
});
