import type { Command } from "commander";
import { addVerb, type Shell } from "../verb.ts";
import { authorKeygen } from "./author.ts";
import { authorInit } from "./authorInit.ts";
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
import { simRun } from "./sim.ts";
import { simList } from "./simList.ts";
import { simReplay } from "./simReplay.ts";
import { simShow } from "./simShow.ts";
import { simShrink } from "./simShrink.ts";
import { simSweep } from "./simSweep.ts";
import { simulate } from "./simulate.ts";
import { simWorker } from "./simWorker.ts";
import { status } from "./status.ts";
import { step } from "./step.ts";
import { stop } from "./stop.ts";
import { trustAdd, trustList, trustRemove } from "./trust.ts";
import { uninstall } from "./uninstall.ts";
import { watch } from "./watch.ts";
import { why } from "./why.ts";

/** Adds every command, in the order in which people meet them. */
export function addCommands(program: Command, shell: Shell): void {
  addVerb(program, shell, init);
  addVerb(program, shell, run);
  addVerb(program, shell, invite);
  addVerb(program, shell, join);
  addVerb(program, shell, evict);

  addVerb(program, shell, status);
  addVerb(program, shell, watch);
  addVerb(program, shell, why);
  addVerb(addVerb(program, shell, peers), shell, peersWhy);
  addVerb(program, shell, map);
  addVerb(program, shell, routes);
  addVerb(program, shell, logs);
  addVerb(program, shell, log);
  addVerb(program, shell, metrics);
  const incident = program.command("incident").description("Cases that the agent gave to a human.");
  addVerb(incident, shell, incidentList);
  addVerb(incident, shell, incidentShow);
  addVerb(incident, shell, incidentExport);
  const handoff = program.command("handoff").description("Who is told of these cases, by webhook or ntfy.");
  addVerb(handoff, shell, handoffList);
  addVerb(handoff, shell, handoffAdd);
  addVerb(handoff, shell, handoffRemove);
  addVerb(handoff, shell, handoffTest);

  addVerb(program, shell, pause);
  addVerb(program, shell, resume);
  addVerb(program, shell, step);
  addVerb(program, shell, cancel);
  addVerb(program, shell, away);
  addVerb(program, shell, back);
  addVerb(program, shell, stop);

  const trust = program.command("trust").description("Who may tell this device what.");
  addVerb(trust, shell, trustList);
  addVerb(trust, shell, trustAdd);
  addVerb(trust, shell, trustRemove);

  const plugin = program
    .command("plugin")
    .description("Programs of the owner that keep resources of their own.");
  addVerb(plugin, shell, pluginList);
  addVerb(plugin, shell, pluginAdd);
  addVerb(plugin, shell, pluginRemove);
  addVerb(plugin, shell, pluginCheck);

  const author = program.command("author").description("Policy files, and keys to sign them with.");
  addVerb(author, shell, authorInit);
  addVerb(author, shell, authorKeygen);
  addVerb(author, shell, authorRotate);
  addVerb(author, shell, authorHeartbeat);
  addVerb(program, shell, schema);
  addVerb(program, shell, build);
  addVerb(program, shell, lint);
  addVerb(program, shell, diff);
  addVerb(program, shell, simulate);
  addVerb(program, shell, sign);
  addVerb(program, shell, publish);
  addVerb(program, shell, rollback);
  const rollout = program.command("rollout").description("Generations that come into force in stages.");
  addVerb(rollout, shell, rolloutShow);
  addVerb(rollout, shell, rolloutAdvance);
  addVerb(rollout, shell, rolloutHalt);
  addVerb(rollout, shell, rolloutCommit);
  addVerb(rollout, shell, rolloutAbort);
  addVerb(program, shell, revoke);

  const sim = program.command("sim").description("The same agents by the thousand, in virtual time.");
  addVerb(sim, shell, simList);
  addVerb(sim, shell, simShow);
  addVerb(sim, shell, simRun);
  addVerb(sim, shell, simSweep);
  addVerb(sim, shell, simShrink);
  addVerb(sim, shell, simReplay);
  addVerb(sim, shell, simWorker);
  addVerb(program, shell, replay);
  addVerb(addVerb(program, shell, demo), shell, demoServe);

  addVerb(program, shell, doctor);
  addVerb(program, shell, install(program));
  addVerb(program, shell, uninstall);
  addVerb(program, shell, completion(program));
  addVerb(program, shell, manual(program));
}
