import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Incarnation } from "../../../src/contract/statements.ts";
import { type Standing, type Statement, supersedes } from "../../../src/swarm/members/supersedes.ts";

const standings: readonly Standing[] = ["alive", "dead", "away", "left"];
const incarnations: readonly Incarnation[] = [
  [1, 1, 0],
  [1, 1, 1],
  [1, 2, 0],
  [2, 1, 0],
];
const statements: readonly Statement[] = incarnations.flatMap((incarnation) =>
  standings.map((standing) => ({ standing, incarnation })),
);

/** What a table says in a line: `dead 1.1.0 over alive 1.1.0`. */
function won(next: Standing, known: Standing): boolean {
  const incarnation = [1, 1, 0] as const;
  return supersedes({ standing: next, incarnation }, { standing: known, incarnation });
}

describe("which statement supersedes which", () => {
  test("within one incarnation", () => {
    const table = standings.map((next) => standings.map((known) => (won(next, known) ? "x" : ".")).join(""));
    //                     alive, dead, away, left
    expect(table).toEqual(["....", "x...", "xx..", "xxx."]);
  });

  test("a newer incarnation supersedes an older one, whatever both say", () => {
    for (const [index, older] of incarnations.entries()) {
      for (const newer of incarnations.slice(index + 1)) {
        for (const known of standings) {
          for (const next of standings) {
            const [left, right] = [
              { standing: next, incarnation: newer },
              { standing: known, incarnation: older },
            ];
            expect(supersedes(left, right)).toBe(true);
            expect(supersedes(right, left)).toBe(false);
          }
        }
      }
    }
  });

  test("never both ways, never itself, and always one of two different ones", () => {
    for (const left of statements) {
      for (const right of statements) {
        const wins = Number(supersedes(left, right)) + Number(supersedes(right, left));
        expect(wins).toBe(left === right ? 0 : 1);
      }
    }
  });

  test("all agents end with the same statement, in whatever order they hear them", () => {
    const last = (heard: readonly Statement[]): Statement | undefined =>
      heard.reduce<Statement | undefined>(
        (known, next) => (known === undefined || supersedes(next, known) ? next : known),
        undefined,
      );
    fc.assert(
      fc.property(fc.shuffledSubarray([...statements], { minLength: 1 }), fc.nat(), (heard, cut) => {
        const at = cut % heard.length;
        expect(last([...heard.slice(at), ...heard.slice(0, at)])).toBe(last(heard));
      }),
    );
  });
});
