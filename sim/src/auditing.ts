import type { SimReport } from "./report.ts";
import type { Running } from "./running.ts";
import type { Audit } from "./world/audit.ts";

/** Agents of an audited run: each of them holds what it verified as objects of its own. A guess. */
export const auditedAgentsMax = 2_000;

/** What one lane of a run came to. */
export interface Lane {
  readonly report: SimReport;
  /** What was verified anew. */
  readonly receipts: number;
}

const invariant = "audit";

/** Makes a run that has not begun the audit lane. */
export function auditOf(running: Running): Audit {
  return running.world.border.audit((agent, detail) =>
    running.watching.violated(invariant, `${agent.name}: ${detail}`),
  );
}

/** The report of a run with what the audit lane found wrong with it. */
export function withAudit(report: SimReport, { report: audited, receipts }: Lane): SimReport {
  const found = audited.violations.filter((violation) => violation.invariant === invariant);
  if (audited.hash !== report.hash) {
    const detail = `verified anew everywhere, the run comes to the hash ${audited.hash}`;
    found.push({ invariant, atMs: report.simulatedMs, detail });
  }
  const violations = report.counters.violations + found.length;
  return {
    ...report,
    audit: { hash: audited.hash, receipts },
    outcome: violations === 0 ? "held" : "violated",
    violations: [...report.violations, ...found],
    counters: { ...report.counters, violations },
  };
}
