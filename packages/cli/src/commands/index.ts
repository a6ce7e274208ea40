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
