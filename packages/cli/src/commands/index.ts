import type { Command } from "commander";
import { type AnyVerb, addGroup, addVerb, type Shell } from "../verb.ts";
import { authorKeygen } from "./author.ts";
import { authorInit } from "./authorInit.ts";
import { authorLog } from "./authorLog.ts";
import { away, back } from "./away.ts";
import { build } from "./build.ts";
import { cancel } from "./cancel.ts";
import { completion, manual } from "./completion.ts";
import { demo, demoServe } from "./demo.ts";
import { diff } from "./diff.ts";
import { doctor } from "./doctor.ts";
import { evict } from "./evict.ts";
import { handoffAdd, handoffList, handoffRemove, handoffTest } from "./handoff.ts";
import { authorHeartbeat } from "./heartbeat.ts";
import { incidentExport, incidentList, incidentShow } from "./incident.ts";
import { init } from "./init.ts";
import { install } from "./install.ts";
import { invite } from "./invite.ts";
import { join } from "./join.ts";
import { lint } from "./lint.ts";
import { log } from "./log.ts";
import { logs } from "./logs.ts";
import { map } from "./map.ts";
import { metrics } from "./metrics.ts";
import { pause } from "./pause.ts";
import { peers, peersWhy } from "./peers.ts";
import { pluginAdd, pluginCheck, pluginList, pluginRemove } from "./plugin.ts";
import { publish } from "./publish.ts";
import { replay } from "./replay.ts";
import { resume } from "./resume.ts";
import { rollback } from "./rollback.ts";
import { rolloutAbort, rolloutAdvance, rolloutCommit, rolloutHalt, rolloutShow } from "./rollout.ts";
import { authorRotate, revoke } from "./rotate.ts";
import { routes } from "./routes.ts";
import { run } from "./run.ts";
import { schema } from "./schema.ts";
import { sign } from "./sign.ts";
import { addSim } from "./simGroup.ts";
import { simulate } from "./simulate.ts";
import { status } from "./status.ts";
import { step } from "./step.ts";
import { stop } from "./stop.ts";
import { trustAdd, trustList, trustRemove } from "./trust.ts";
import { uninstall } from "./uninstall.ts";
import { watch } from "./watch.ts";
import { why } from "./why.ts";

/** Adds every command, in the order in which people meet them. */
export function addCommands(program: Command, shell: Shell): void {
  for (const verb of [init, run, invite, join, evict, status, watch, why]) addVerb(program, shell, verb);
  addVerb(addVerb(program, shell, peers), shell, peersWhy);
  for (const verb of [map, routes, logs, log, metrics]) addVerb(program, shell, verb);
  const group = (name: string, description: string, verbs: readonly AnyVerb[]): void =>
    addGroup(program, shell, { name, description, verbs });
  group("incident", "Cases that the agent gave to a human.", [incidentList, incidentShow, incidentExport]);
  group("handoff", "Who is told of these cases, by webhook or ntfy.", [
    handoffList,
    handoffAdd,
    handoffRemove,
    handoffTest,
  ]);
  for (const verb of [pause, resume, step, cancel, away, back, stop]) addVerb(program, shell, verb);
  group("trust", "Who may tell this device what.", [trustList, trustAdd, trustRemove]);
  group("plugin", "Programs of the owner that keep resources of their own.", [
    pluginList,
    pluginAdd,
    pluginRemove,
    pluginCheck,
  ]);
  group("author", "Policy files, and keys to sign them with.", [
    authorInit,
    authorKeygen,
    authorRotate,
    authorHeartbeat,
    authorLog,
  ]);
  for (const verb of [schema, build, lint, diff, simulate, sign, publish, rollback])
    addVerb(program, shell, verb);
  group("rollout", "Generations that come into force in stages.", [
    rolloutShow,
    rolloutAdvance,
    rolloutHalt,
    rolloutCommit,
    rolloutAbort,
  ]);
  addVerb(program, shell, revoke);
  addSim(program, shell);
  addVerb(program, shell, replay);
  addVerb(addVerb(program, shell, demo), shell, demoServe);
  addVerb(program, shell, doctor);
  for (const verb of [install(program), uninstall, completion(program), manual(program)])
    addVerb(program, shell, verb);
}
