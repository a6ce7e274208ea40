import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { equalBytes, sealBundle } from "@antibody/policy";
import { afterAll, describe, expect, test } from "vitest";
import { authorOf, crypto } from "../../policy/test/support.ts";
import { readSource } from "../src/source/read.ts";
import { type Stage, setStage } from "./commandLine.ts";
import { schemaProblems } from "./schemas.ts";

const root = join(import.meta.dirname, "../../..");
const shipped = join(root, "examples/policies");
const directory = mkdtempSync(join(tmpdir(), "antibody-program-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const author = authorOf("program");

/** Every byte that publishing a file would sign: the envelopes of its fragments, and of its manifest. */
async function signed(file: string): Promise<Uint8Array> {
  const source = await readSource(file);
  if ("problems" in source) throw new Error(JSON.stringify(source.problems));
  const { stream, documents } = source;
  const input = { author: author.author, stream, epoch: 1, generation: 1, documents };
  const sealed = sealBundle({ ...input, signer: author.signer, crypto });
  return Buffer.concat([...sealed.fragments, sealed.manifest]);
}

async function expectEqual(yaml: string, program: string): Promise<void> {
  const [one, other] = [await signed(yaml), await signed(program)];
  expect(one.length).toBeGreaterThan(300);
  expect(equalBytes(one, other), `${program} says what ${yaml} does not`).toBe(true);
}

test("the shipped types are those of this build", async () => {
  const stage = await setStage();
  const out =
    process.env["ANTIBODY_WRITE_DOCS"] === undefined
      ? join(directory, "antibody.ts")
      : join(shipped, "antibody.ts");
  expect((await stage.run("schema", "typescript", "--out", out)).code).toBe(0);
  const [here, there] = [out, join(shipped, "antibody.ts")].map((file) => readFileSync(file, "utf8"));
  expect(here, "examples/policies/antibody.ts is old: ANTIBODY_WRITE_DOCS=1 writes it").toBe(there);
});

describe("a policy in TypeScript is signed byte by byte as the same in YAML", () => {
  const names = readdirSync(shipped).flatMap((file) => (file.endsWith(".yaml") ? [file.slice(0, -5)] : []));

  test.each(names)("examples/policies/%s", async (name) => {
    await expectEqual(join(shipped, `${name}.yaml`), join(shipped, `${name}.ts`));
  });

  test("every example of the pages, and the types let through no more than the schema", async () => {
    const examples = await pageExamples();
    expect(examples.length).toBeGreaterThanOrEqual(28);
    writeFileSync(join(directory, "wrong.ts"), wrong);
    compile();
    for (const name of examples)
      await expectEqual(join(directory, `${name}.yaml`), join(directory, `${name}.ts`));
  });
});

/** What an editor underlines: that each of these is wrong is what `@ts-expect-error` asks for. */
const wrong = `import { fragment, policy, promise } from "./antibody.ts";
export const all = policy("wrong",
  // @ts-expect-error there is no such kind
  fragment("a", { "fiel:/etc/motd": { content: "x" } }),
  // @ts-expect-error a mode is a text
  fragment("b", { "file:/etc/motd": { mode: 644 } }),
  // @ts-expect-error a field of another kind
  fragment("c", { "file:/etc/motd": { command: ["x"] } }),
  // @ts-expect-error a port must be there
  fragment("d", { "capability:web": {} }),
  // @ts-expect-error one of three words
  fragment("e", promise.service("ssh", { state: "restarted" })),
  // @ts-expect-error a guard is a text
  fragment("f", {}, true),
);
`;

/** The YAML of each page of docs/resources, and the same as data in TypeScript, beside each other. */
async function pageExamples(): Promise<readonly string[]> {
  const pages = join(root, "docs/resources");
  const names: string[] = [];
  for (const page of readdirSync(pages)) {
    const examples = readFileSync(join(pages, page), "utf8").matchAll(/```yaml\n([^`]*)```/g);
    for (const [index, [, yaml = ""]] of [...examples].entries()) {
      const name = `${page.slice(0, -3)}-${index}`;
      writeFileSync(join(directory, `${name}.yaml`), yaml);
      const source = await readSource(join(directory, `${name}.yaml`));
      // Some show what lint refuses when documents are seen together.
      if ("problems" in source) continue;
      const fragments = source.documents.map(({ name: of, promises, when }) =>
        [of, promises, when].map((part) => JSON.stringify(part)).join(", "),
      );
      writeFileSync(
        join(directory, `${name}.ts`),
        `import { fragment, policy } from "./antibody.ts";\nexport default policy("${source.stream}", ${fragments.map((each) => `fragment(${each})`).join(", ")});\n`,
      );
      names.push(name);
    }
  }
  return names;
}

/** As strictly as an author may: fails on an error that is there, and on one that is not. */
function compile(): void {
  writeFileSync(join(directory, "antibody.ts"), readFileSync(join(shipped, "antibody.ts")));
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    module: "nodenext",
    target: "es2024",
    types: [],
    allowImportingTsExtensions: true,
    erasableSyntaxOnly: true,
  };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", directory], { stdio: ["ignore", 1, 2] });
}

describe("a program", () => {
  let made = 0;

  /** Beside the types, under a name of its own: Node loads a file once. */
  async function place(
    text: string,
    ending = ".ts",
  ): Promise<{ readonly stage: Stage; readonly file: string }> {
    made += 1;
    const place = join(directory, `program-${made}`);
    mkdirSync(place);
    writeFileSync(join(place, "antibody.ts"), readFileSync(join(shipped, "antibody.ts")));
    writeFileSync(join(place, `home${ending}`), text);
    return { stage: await setStage(), file: join(place, `home${ending}`) };
  }
  const imports = 'import { fragment, policy, promise } from "./antibody.ts";\n';

  test("is built to YAML that lint reads, and what it prints goes elsewhere", async () => {
    const text = `${imports}process.stdout.write("noise");\nexport default policy("home", fragment("a", { "file:/a": { content: "0644", mode: undefined } }));\n`;
    const { stage, file } = await place(text);
    const { code, value } = await stage.json("build", file);
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    expect(value["text"]).toBe('stream: home\nname: a\npromises:\n  file:/a:\n    content: "0644"\n');
    expect((await stage.run("lint", file)).out).toBe(`${file}: sound (1 fragment, 1 promise)\n`);
    expect((await stage.run("build", `${file}.yaml`)).code).toBe(2);
    const main = join(root, "packages/cli/src/main.ts");
    const { stdout, stderr } = spawnSync(process.execPath, [main, "build", file], { encoding: "utf8" });
    expect({ stdout, stderr }).toEqual({ stdout: value["text"], stderr: "noise" });
  });

  test("with problems is told by the lines of its YAML, and how to see them", async () => {
    const { stage, file } = await place(
      `${imports}export default policy("home", fragment("a", promise.file("etc", { mode: "9" })));\n`,
    );
    const { code, out } = await stage.run("lint", file);
    expect(code).toBe(1);
    expect(out).toContain(`${file} as YAML:5:11: file:etc: mode: `);
    expect(out).toContain(`these lines: antibody build ${file}`);
  });

  test.each([
    ["throws", 'throw new Error("no such room");', "no such room", "node FILE"],
    [
      "promises one resource twice",
      `${imports}export default policy("home", fragment("a", [promise.file("/a", {}), promise.file("/a", {})]));`,
      "file:/a is promised twice in a",
      "node FILE",
    ],
    ["has no default export", "export const policy = {};", "no default export", "export default policy"],
    [
      "exports something else",
      "export default { stream: 7 };",
      "no stream and fragments",
      "schema typescript",
    ],
    [
      "exports a function",
      `${imports}export default () => policy("home");`,
      "its default export is a function",
      "schema typescript",
    ],
    [
      "holds a date",
      'export default { stream: "a", fragments: [{ name: "b", promises: { "file:/a": { content: new Date(0) } } }] };',
      "fragments.0.promises.file:/a.content is of a class",
      "schema typescript",
    ],
    [
      "holds no number",
      'export default { stream: "a", fragments: [{ name: 0 / 0 }] };',
      "fragments.0.name is NaN",
      "schema typescript",
    ],
    [
      "holds itself",
      'const a: unknown[] = []; a.push(a); export default { stream: "a", fragments: a };',
      "nested deeper than 32",
      "schema typescript",
    ],
    ["waits while it is loaded", "await Promise.resolve(); export default {};", "", "without await"],
    [
      "imports what is not there",
      'import "./nothing.ts"; export default {};',
      "nothing.ts",
      "schema typescript",
    ],
    ["is no TypeScript", "export default {{;", "", "node FILE"],
    ["says what types alone cannot be left away of", "export enum Color { Red }", "enum", "node FILE"],
    [
      "makes too much",
      'export default { stream: "a", fragments: [{ name: "x".repeat(5_000_000) }] };',
      "at most 4194304",
      "several streams",
    ],
  ])("that %s is refused with the reason", async (_what, text, cause, next) => {
    const { stage, file } = await place(text);
    const { code, value } = await stage.json("lint", file);
    expect(code).toBe(1);
    expect(value).toMatchObject({ error: { code: "program", message: `${file} makes no policy` } });
    const { error } = value as { error: { cause: string; next: string } };
    expect(error.cause).toContain(cause);
    expect(error.cause).not.toBe("");
    expect(error.next).toContain(next);
  });

  test("where Node would take it for CommonJS is told how to be a module", async () => {
    const { stage, file } = await place(`${imports}export default policy("home");\n`);
    writeFileSync(join(file, "../package.json"), '{"type":"commonjs"}');
    const { value } = await stage.json("lint", file);
    expect(value).toMatchObject({ error: { next: expect.stringContaining("home.mts") } });
  });
});
