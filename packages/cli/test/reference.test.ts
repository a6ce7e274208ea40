import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommandLine } from "../src/program.ts";
import { shells } from "../src/reference/completion.ts";
import { setStage } from "./commandLine.ts";
import { FakeTerminal } from "./fakeTerminal.ts";
import { schemaProblems } from "./schemas.ts";
import { whyWithout } from "./tools.ts";

const directory = mkdtempSync(join(tmpdir(), "antibody-reference-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const scripts = new Map<string, string>();
beforeAll(async () => {
  for (const shell of shells) {
    const path = join(directory, shell);
    const terminal = new FakeTerminal();
    await runCommandLine(["completion", shell], terminal);
    writeFileSync(path, terminal.outText);
    scripts.set(shell, path);
  }
});

/** What bash offers after these words; the last one is being typed. */
function bashOffers(...words: readonly string[]): readonly string[] {
  const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _antibody; echo "\${COMPREPLY[*]}"`;
  const out = execFileSync("bash", ["-c", program, "bash", scripts.get("bash") ?? "", "antibody", ...words], {
    encoding: "utf8",
  });
  return out.split(/\s+/).filter((word) => word !== "");
}

/** What fish offers for a line. */
function fishOffers(line: string): readonly string[] {
  const program = `source ${scripts.get("fish")}; complete -C "${line}"`;
  const out = execFileSync("fish", ["--no-config", "-c", program], { encoding: "utf8" });
  return out.split("\n").map((offer) => offer.split("\t")[0] ?? "");
}

describe("completion", () => {
  test("bash offers commands, what is below them, and options", () => {
    expect(bashOffers("")).toEqual(expect.arrayContaining(["init", "trust", "peers", "--json"]));
    expect(bashOffers("tru")).toEqual(["trust"]);
    expect(bashOffers("trust", "")).toEqual(expect.arrayContaining(["add", "list", "remove"]));
    expect(bashOffers("trust", "add", "--ra")).toEqual(["--rank"]);
  });

  test("bash passes over options and their values on the way", () => {
    expect(bashOffers("--state", "trust", "pe")).toEqual(["peers"]);
    expect(bashOffers("--json", "peers", "w")).toEqual(["why"]);
    expect(bashOffers("pause", "--reason", "x", "--fo")).toEqual(["--for"]);
  });

  test("bash leaves the value of an option, and arguments, to the names of files", () => {
    expect(bashOffers("--state", "")).toEqual([]);
    expect(bashOffers("lint", "./poli")).toEqual([]);
  });

  test("zsh reads its script", (context) => {
    context.skip(whyWithout("zsh") !== undefined, whyWithout("zsh"));
    execFileSync("zsh", ["-n", scripts.get("zsh") ?? ""]);
  });

  test("fish offers the same", (context) => {
    context.skip(whyWithout("fish") !== undefined, whyWithout("fish"));
    expect(fishOffers("antibody tru")).toContain("trust");
    expect(fishOffers("antibody trust ")).toEqual(expect.arrayContaining(["add", "list", "remove"]));
    expect(fishOffers("antibody trust add --ra")).toContain("--rank");
    expect(fishOffers("antibody --state /x peers ")).toContain("why");
  });

  test("another shell is a fault of usage", async () => {
    const stage = await setStage();
    expect(await stage.run("completion", "csh")).toMatchObject({ code: 2, out: "" });
  });

  test("answers scripts in the words of the schema", async () => {
    const stage = await setStage();
    expect(schemaProblems((await stage.json("completion", "zsh")).value)).toEqual([]);
    expect(schemaProblems((await stage.json("manual")).value)).toEqual([]);
  });
});

describe("the manual page", () => {
  test("names every command once, with an example and exit codes", async () => {
    const stage = await setStage();
    const { out } = await stage.run("manual");
    const headings = out.match(/^\.SS .*$/gm) ?? [];
    expect(new Set(headings).size).toBe(headings.length);
    for (const words of ["init", "trust add", "peers why", "sim run", "manual"]) {
      expect(headings.some((heading) => heading.startsWith(`.SS "antibody ${words}`))).toBe(true);
    }
    expect(out.match(/^Examples?:$/gm)?.length).toBe(headings.length);
  });

  test("is read by roff without a warning", async (context) => {
    context.skip(whyWithout("groff") !== undefined, whyWithout("groff"));
    const stage = await setStage();
    const { out } = await stage.run("manual");
    const page = execFileSync("sh", ["-c", "groff -man -Tascii -ww 2>&1"], { input: out, encoding: "utf8" });
    expect(page).not.toMatch(/warning|error/i);
    expect(page).toContain("ANTIBODY(1)");
  });
});
