import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readData } from "@antibody/policy";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { readSource } from "../src/source/read.ts";
import { setStage } from "./commandLine.ts";
import { schemaProblems } from "./schemas.ts";

describe("author init", () => {
  /** What an editor would say, by the schema that the first line of a file names, and by no other. */
  function underlined(file: string): readonly unknown[] {
    const text = readFileSync(file, "utf8");
    const [, named = ""] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
    const read = readData(text, file);
    if ("problems" in read) return read.problems;
    const schema = JSON.parse(readFileSync(join(dirname(file), named), "utf8"));
    const validate = new Ajv({ strict: true, strictRequired: false, allErrors: true }).compile(schema);
    return validate(read.value) ? [] : (validate.errors ?? []);
  }

  test("begins a file that names the schema beside it, by which an editor underlines what is wrong", async () => {
    const stage = await setStage();
    const file = join(stage.state, "lights.yaml");
    const { code, value } = await stage.json("author", "init", file);
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    expect((await stage.run("lint", file)).out).toBe(`${file}: sound (1 fragment, 1 promise)\n`);
    const written = await readFile(file, "utf8");
    expect(written).toContain("stream: lights");
    expect(underlined(file)).toEqual([]);
    await writeFile(file, written.replace('mode: "0644"', "mode: 0644"));
    expect(underlined(file)).toMatchObject([{ instancePath: "/promises/file:~1etc~1greeting/mode" }]);
    await writeFile(file, written.replace("file:/etc", "fiel:/etc"));
    expect(underlined(file)).toMatchObject([{ message: "must NOT have additional properties" }]);
  });

  test("begins a file in TypeScript as well, which says the same", async () => {
    const stage = await setStage();
    const files = [join(stage.state, "lights.yaml"), join(stage.state, "lights.ts")];
    for (const file of files) expect((await stage.run("author", "init", file)).code).toBe(0);
    const [one, other] = await Promise.all(files.map((file) => readSource(file)));
    expect(other).toMatchObject({ documents: one !== undefined && "documents" in one ? one.documents : "" });
  });

  test("overwrites nothing, and takes the name for the stream", async () => {
    const stage = await setStage();
    const file = join(stage.state, "home.yaml");
    await writeFile(file, "mine");
    const { code, value } = await stage.json("author", "init", file);
    expect(code).toBe(1);
    expect(value).toMatchObject({ error: { code: "exists" } });
    expect(await readFile(file, "utf8")).toBe("mine");
    for (const name of ["home", "Home.yaml", "home.json", ".yaml"])
      expect((await stage.run("author", "init", join(stage.state, name))).code).toBe(2);
    expect((await stage.json("author", "init", "/nowhere/home.yaml")).value).toMatchObject({
      error: { code: "unwritable" },
    });
  });
});

describe("schema", () => {
  test("writes what an editor needs", async () => {
    const stage = await setStage();
    const out = join(stage.state, "antibody.schema.json");
    const { code, value } = await stage.json("schema", "--out", out);
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    const written = JSON.parse(await readFile(out, "utf8"));
    expect(Object.keys(written.properties.promises.patternProperties)).toContain("^file:.");
    expect((await stage.run("schema", "--out", "/nowhere/x.json")).code).toBe(1);
  });

  test("writes the schema of scenario files too, and knows no other", async () => {
    const stage = await setStage();
    const out = join(stage.state, "scenario.json");
    expect((await stage.run("schema", "scenario", "--out", out)).code).toBe(0);
    expect(JSON.parse(await readFile(out, "utf8")).properties.schema.const).toBe("antibody.scenario/1");
    const { code, err } = await stage.run("schema", "poem");
    expect(code).toBe(2);
    expect(err).toContain("policy, scenario, typescript");
  });
});
