import type { SimReport } from "../report.ts";

/** What the page of a run says in words. Nothing in it differs between two runs of one seed. */
export type ReportFacts = Pick<
  SimReport,
  | "scenario"
  | "agents"
  | "seed"
  | "simulatedMs"
  | "hash"
  | "outcome"
  | "violations"
  | "milestones"
  | "counters"
> & {
  /** Runs it again, as it is to be typed. */
  readonly command: string;
};

/** The elements of the page that carry its data. */
export const pageParts = { facts: "facts", recording: "recording" } as const;
