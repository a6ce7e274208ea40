import {
  checkAgent,
  checkClock,
  checkDescriptors,
  checkDisk,
  checkInotify,
  checkPermissions,
  checkService,
} from "../../doctor/checks.ts";
import type { Facts } from "../../doctor/facts.ts";
import type { Checked } from "../../doctor/finding.ts";
import { gatherFacts } from "../../doctor/gather.ts";
import { checkLan, checkPeers, checkPorts, checkReach, checkVersions } from "../../doctor/swarmChecks.ts";
import { exitCode } from "../../errors.ts";
import type { Verb } from "../../verb.ts";

/** What `doctor` found, as `--json` prints it. */
interface DoctorView {
  readonly schema: "antibody.doctor/1";
  readonly time: string;
  readonly findingsCount: number;
  readonly checks: readonly Checked[];
}

/** Every check, in the order in which it is told: what makes the later ones moot comes first. */
export const checks: readonly ((facts: Facts) => Checked)[] = [
  checkAgent,
  checkService,
  checkClock,
  checkDisk,
  checkInotify,
  checkDescriptors,
  checkPermissions,
  checkReach,
  checkPorts,
  checkLan,
  checkPeers,
  checkVersions,
];

/** `antibody doctor`: what breaks in practice, and the command that mends it. */
export const doctor: Verb<object> = {
  usage: "doctor",
  summary: "Look for what breaks in practice: clock, disk, limits, permissions, ports, LAN, peers, versions.",
  examples: ["antibody doctor", "sudo antibody doctor --json"],
  exits: [
    [0, "nothing was found"],
    [3, "something was found: each with the command that mends it"],
  ],
  asksAgent: false,
  async run({ invocation }) {
    const facts = await gatherFacts(invocation);
    const checked = checks.map((check) => check(facts));
    const findings = checked.filter(({ verdict }) => verdict === "finding");
    const view: DoctorView = {
      schema: "antibody.doctor/1",
      time: new Date(facts.wallMs).toISOString(),
      findingsCount: findings.length,
      checks: checked,
    };
    invocation.print(view, () => lines(view));
    return findings.length === 0 ? exitCode.ok : exitCode.degraded;
  },
};

const marks = { ok: "ok     ", finding: "FINDING", unseen: "unseen " } as const;

function lines({ checks: checked, findingsCount }: DoctorView): readonly string[] {
  return [
    ...checked.flatMap(({ check, verdict, detail, nextCommand }) => [
      `${marks[verdict]}  ${check.padEnd(11)}  ${detail}`,
      ...(nextCommand === null ? [] : [`${" ".repeat(22)}mend: ${nextCommand}`]),
    ]),
    findingsCount === 0 ? "nothing found" : `${findingsCount} found`,
  ];
}
