import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { vectorsAbsent, vectorsFolder } from "../../packages/policy/test/support.ts";
import { type EdgeSignature, edgeSignatures } from "./edgeSignatures.ts";

const run = promisify(execFile);

/** Lines of Node, each by its newest release in the registry. */
const lines = [20, 22, 24, 26];

interface Verdicts {
  readonly version: string;
  readonly predicate: string;
  readonly primitive: string;
}

let directory: string;
let edges: readonly EdgeSignature[];
let known: readonly (EdgeSignature & { readonly isValid: boolean })[];
let verdicts: readonly Verdicts[];

/** What all Nodes say, each with an executable of its own from the registry. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "antibody-nodes-"));
  edges = edgeSignatures();
  known = vectorsAbsent ? [] : wycheproof();
  const signatures = join(directory, "signatures.json");
  await writeFile(signatures, JSON.stringify([...edges, ...known]));
  const script = join(directory, "verdicts.mjs");
  const entry = fileURLToPath(new URL("verdicts.ts", import.meta.url));
  const banner = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";
  await build({
    entryPoints: [entry],
    outfile: script,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    banner: { js: banner },
    logLevel: "error",
  });
  const said: Verdicts[] = [];
  for (const line of lines) said.push(await askNode(line, script, signatures));
  verdicts = said;
}, 600_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

async function askNode(line: number, script: string, signatures: string): Promise<Verdicts> {
  const name = `node-linux-${process.arch}`;
  const prefix = join(directory, String(line));
  await run("npm", ["install", "--prefix", prefix, "--no-audit", "--no-fund", `${name}@${line}`]);
  const node = join(prefix, "node_modules", name, "bin", "node");
  const { stdout } = await run(node, [script, signatures], { maxBuffer: 2 ** 24 });
  await rm(prefix, { recursive: true });
  return JSON.parse(stdout) as Verdicts;
}

function wycheproof(): typeof known {
  const file = JSON.parse(readFileSync(`${vectorsFolder}/wycheproof-ed25519.json`, "utf8")) as {
    readonly testGroups: readonly {
      readonly publicKey: { readonly pk: string };
      readonly tests: readonly { readonly msg: string; readonly sig: string; readonly result: string }[];
    }[];
  };
  return file.testGroups.flatMap(({ publicKey, tests }) =>
    tests.map(({ msg, sig, result }) => ({
      key: publicKey.pk,
      message: msg,
      signature: sig,
      isValid: result === "valid",
    })),
  );
}

describe("one signature predicate on every line of Node", () => {
  test("each line was asked, about thousands of edges", () => {
    expect(verdicts.map(({ version }) => Number.parseInt(version.slice(1), 10))).toEqual(lines);
    expect(edges.length).toBeGreaterThan(2_000);
  });

  test("all give the same verdicts, though their own primitives do not", () => {
    const [first] = verdicts;
    for (const { predicate } of verdicts) expect(predicate).toBe(first?.predicate);
    expect(new Set(verdicts.map(({ primitive }) => primitive)).size).toBeGreaterThan(1);
    const accepted = verdicts.map(({ version, primitive, predicate }) => ({
      version,
      primitive: ones(primitive.slice(0, edges.length)),
      predicate: ones(predicate.slice(0, edges.length)),
    }));
    console.info(`of ${edges.length} edges accepted: ${JSON.stringify(accepted)}`);
  });

  test.skipIf(vectorsAbsent)("all agree with Wycheproof (skipped where its vectors are absent)", () => {
    const expected = known.map(({ isValid }) => Number(isValid)).join("");
    for (const { predicate } of verdicts) expect(predicate.slice(edges.length)).toBe(expected);
  });
});

function ones(digits: string): number {
  return digits.split("1").length - 1;
}
