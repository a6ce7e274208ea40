import { Audit, readAudit } from "../audit/audit.ts";
import { History } from "../audit/history.ts";
import { Log, type LogDestination, type LogEntry, standardOutput } from "../log/log.ts";
import type { Clock } from "../mind/clock.ts";
import type { AgentState } from "../state/agentState.ts";
import { messageOf } from "../state/stateError.ts";
import { Troubles } from "./troubles.ts";
import { VerdictTimes } from "./verdictTimes.ts";

/** What an agent tells, and those that draw something from it. */
export interface Telling {
  readonly log: Log;
  /** Tells the log, whoever keeps count of troubles and verdicts, and the history. */
  readonly tell: (entry: LogEntry) => void;
  readonly troubles: Troubles;
  readonly verdicts: VerdictTimes;
  readonly audit: Audit;
}

/** Opens the log and the history of an agent. `handedOff` hears of each case given to a human, by its incident. */
export function openTelling(
  { certificate: { agent }, paths }: AgentState,
  clock: Clock,
  handedOff: (incident: string) => void,
  destination: LogDestination = standardOutput(agent),
): Telling {
  const wallMs = (): number => clock.now().wallMs;
  const log = new Log({ agent, destination, wallMs });
  const troubles = new Troubles();
  const verdicts = new VerdictTimes(() => clock.now().monoMs);
  const audit = new Audit(paths.directory, (error) =>
    log.tell({ name: "agent.auditFailed", level: "warn", fields: { cause: messageOf(error) } }),
  );
  const history = new History(readAudit(paths.directory));
  const tell = (entry: LogEntry): void => {
    troubles.note(entry);
    verdicts.note(entry);
    log.tell(entry);
    const line = history.lineOf(entry, new Date(wallMs()).toISOString());
    if (line !== undefined) audit.note(line);
    if (entry.name === "resource.handedOff") handedOff(String(entry.fields["incident"]));
  };
  return { log, tell, troubles, verdicts, audit };
}
