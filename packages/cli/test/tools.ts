import { spawnSync } from "node:child_process";

/** Why a test with a tool of the system cannot run here; undefined where it can. In CI it must run. */
export function whyWithout(...tools: readonly string[]): string | undefined {
  const missing = tools.filter((tool) => spawnSync("which", [tool]).status !== 0);
  if (missing.length === 0) return undefined;
  const reason = `missing: ${missing.join(", ")}`;
  if (process.env["CI"] !== undefined) throw new Error(`${reason}, and CI must run this test`);
  return reason;
}
