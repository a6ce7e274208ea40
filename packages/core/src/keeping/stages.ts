import type { StageGate, VerifiedManifest, View } from "@antibody/policy";
import type { JournalRecord } from "../contract/output.ts";
import type { Turn } from "../contract/turn.ts";

/** Who decides of generations that come into force in stages. */
export interface Stages {
  readonly stageOf: StageGate;
  /** A generation takes effect on trial. Gives what is to be written with it. */
  begin(manifest: VerifiedManifest, before: View, after: View, turn: Turn): readonly JournalRecord[];
}
