import type { Expectation } from "../scenarios/scenario.ts";

/** What is expected of all of its time, and not to come true within it. */
export const throughout: readonly Expectation["type"][] = ["confined", "noFalseDeath"];

/** Whether a milestone tells how long something held, such as `noFalseDeathMs@20s`, and not after how long it came true. */
export function isOfHolding(milestone: string): boolean {
  const [what = ""] = milestone.split("@");
  return throughout.some((type) => what.endsWith(`${type}Ms`));
}
