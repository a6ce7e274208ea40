import type { Command } from "commander";
import { type AnyVerb, addGroup, addVerb, type Shell } from "../verb.ts";
import { cancel } from "./holding/cancel.ts";
import { pause } from "./holding/pause.ts";
import { resume } from "./holding/resume.ts";
import { step } from "./holding/step.ts";
import { completion, manual } from "./itself/completion.ts";
import { install } from "./itself/install.ts";
import { uninstall } from "./itself/uninstall.ts";
import { handoffAdd, handoffList, handoffRemove, handoffTest } from "./owner/handoff.ts";
import { pluginAdd, pluginCheck, pluginList, pluginRemove } from "./owner/plugin.ts";
import { trustAdd, trustList, trustRemove } from "./owner/trust.ts";
import { authorKeygen } from "./policy/author.ts";
import { authorInit } from "./policy/authorInit.ts";
import { authorLog } from "./policy/authorLog.ts";
import { build } from "./policy/build.ts";
import { diff } from "./policy/diff.ts";
import { authorHeartbeat } from "./policy/heartbeat.ts";
import { lint } from "./policy/lint.ts";
import { publish } from "./policy/publish.ts";
import { rollback } from "./policy/rollback.ts";
import { rolloutAbort, rolloutAdvance, rolloutCommit, rolloutHalt, rolloutShow } from "./policy/rollout.ts";
import { authorRotate, revoke } from "./policy/rotate.ts";
import { schema } from "./policy/schema.ts";
import { sign } from "./policy/sign.ts";
import { simulate } from "./policy/simulate.ts";
import { doctor } from "./seeing/doctor.ts";
import { incidentExport, incidentList, incidentShow } from "./seeing/incident.ts";
import { log } from "./seeing/log.ts";
import { logs } from "./seeing/logs.ts";
import { map } from "./seeing/map.ts";
import { metrics } from "./seeing/metrics.ts";
import { peers, peersWhy } from "./seeing/peers.ts";
import { replay } from "./seeing/replay.ts";
import { routes } from "./seeing/routes.ts";
import { status } from "./seeing/status.ts";
import { watch } from "./seeing/watch.ts";
import { why } from "./seeing/why.ts";
import { away, back } from "./swarm/away.ts";
import { evict } from "./swarm/evict.ts";
import { init } from "./swarm/init.ts";
import { invite } from "./swarm/invite.ts";
import { join } from "./swarm/join.ts";
import { run } from "./swarm/run.ts";
import { stop } from "./swarm/stop.ts";
import { demo, demoServe } from "./trying/demo.ts";
import { addSim } from "./trying/simGroup.ts";

/** Adds every command, under what people want to do and in the order in which they meet it. */
export function addCommands(program: Command, shell: Shell): void {
  const add = (verbs: readonly AnyVerb[]): void => {
    for (const verb of verbs) addVerb(program, shell, verb);
  };
  const group = (name: string, description: string, verbs: readonly AnyVerb[]): void =>
    addGroup(program, shell, { name, description, verbs });

  program.commandsGroup("A device and its swarm:");
  add([init, run, invite, join, evict, away, back, stop]);

  program.commandsGroup("See what is, and why:");
  add([status, watch, why]);
  addVerb(addVerb(program, shell, peers), shell, peersWhy);
  add([map, routes, logs, log, metrics, doctor]);
  group("incident", "Cases that the agent gave to a human.", [incidentList, incidentShow, incidentExport]);
  add([replay]);

  program.commandsGroup("Hold it, and let it go on:");
  add([pause, resume, step, cancel]);

  program.commandsGroup("Decide, as the owner of a device:");
  group("trust", "Who may tell this device what.", [trustList, trustAdd, trustRemove]);
  group("handoff", "Who is told of cases for a human, by webhook or ntfy.", [
    handoffList,
    handoffAdd,
    handoffRemove,
    handoffTest,
  ]);
  group("plugin", "Programs of the owner that keep resources of their own.", [
    pluginList,
    pluginAdd,
    pluginRemove,
    pluginCheck,
  ]);

  program.commandsGroup("Write policy, and publish it:");
  group("author", "Policy files, and keys to sign them with.", [
    authorInit,
    authorKeygen,
    authorRotate,
    authorHeartbeat,
    authorLog,
  ]);
  add([schema, build, lint, diff, simulate, sign, publish, rollback]);
  group("rollout", "Generations that come into force in stages.", [
    rolloutShow,
    rolloutAdvance,
    rolloutHalt,
    rolloutCommit,
    rolloutAbort,
  ]);
  add([revoke]);

  program.commandsGroup("Try it without a device:");
  addVerb(addVerb(program, shell, demo), shell, demoServe);
  addSim(program, shell);

  program.commandsGroup("The command itself:");
  add([install(program), uninstall, completion(program), manual(program)]);
  program.helpCommand(true);
}
