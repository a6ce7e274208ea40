import { describe, expect, test } from "vitest";
import { endingLines } from "../src/commands/trying/demo.ts";
import { runCommandLine } from "../src/program.ts";
import { withSelf } from "../src/self.ts";
import { setStage } from "./commandLine.ts";
import { FakeTerminal } from "./fakeTerminal.ts";

describe("a next command works as it is printed", () => {
  test.each([
    ["antibody why file:/a", "antibody --state /s why file:/a"],
    [
      "Stop it first (antibody stop), or choose another.",
      "Stop it first (antibody --state /s stop), or choose another.",
    ],
    [
      "antibody init --name N, or antibody join CODE",
      "antibody --state /s init --name N, or antibody --state /s join CODE",
    ],
    [
      "Ask for a new one on the other device: antibody invite",
      "Ask for a new one on the other device: antibody invite",
    ],
    ["See that its agent runs (antibody status)", "See that its agent runs (antibody status)"],
    ["if this is a fault of antibody, please report it", "if this is a fault of antibody, please report it"],
  ])("%s", (advice, works) => {
    expect(withSelf(advice, "antibody --state /s")).toBe(works);
  });

  test("also from a checkout, where there is no antibody on the path", async () => {
    const terminal = new FakeTerminal();
    terminal.environment = { HOME: "/nowhere", npm_lifecycle_event: "antibody" };
    await runCommandLine(["--state", "/nowhere/at all", "status"], terminal);
    expect(terminal.errText).toContain(
      "next: npm run -s antibody -- --state '/nowhere/at all' init --name NAME",
    );
  });
});

describe("a command that was called in a wrong way", () => {
  test.each([
    [["lint"], "antibody lint --help"],
    [["trust", "add", "x"], "antibody trust add --help"],
    [["trust", "nonsense"], "antibody trust --help"],
    [["nonsense"], "antibody --help"],
    [["pause", "--for", "10"], "antibody pause --help"],
  ])("%j points to its own help", async (args, next) => {
    const stage = await setStage();
    const { code, err } = await stage.run(...args);
    expect(code).toBe(2);
    expect(err.trimEnd().split("\n").at(-1)).toBe(`  next: ${next}`);
  });
});

describe("the last lines of the demo", () => {
  const outcome = { beat: "formed", title: "t", tookMs: 1, evidence: "late" };
  const passed = { outcomes: [{ ...outcome, passed: true }], passed: true, tookMs: 1_000 };
  const failed = { outcomes: [{ ...outcome, passed: false }], passed: false, tookMs: 1_000 };

  test("say how it came out", () => {
    expect(endingLines(passed, false)).toEqual(["All 1 beats passed in 1.0 s."]);
    expect(endingLines(failed, false)).toEqual(['The beat "formed" failed: late']);
  });

  test("say after an interrupt that nothing is left, and blame no beat", () => {
    const gone = "every agent was ended, and every file removed.";
    expect(endingLines(failed, true)).toEqual([`Interrupted in the beat "formed": ${gone}`]);
    expect(endingLines(passed, true).at(-1)).toBe(`Interrupted: ${gone}`);
  });
});
