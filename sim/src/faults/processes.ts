import type { ProcessDeed } from "../scenarios/step.ts";
import type { SimAgent } from "../world/agent.ts";
import { churn } from "./churn.ts";
import { during, type Stage } from "./stage.ts";

/** What happens to processes and to the hosts under them. */
export function doToProcesses(stage: Stage, deed: ProcessDeed): void {
  const { world } = stage;
  const who = stage.selecting.choose(deed.who);
  switch (deed.type) {
    case "kill":
      for (const agent of who) {
        kill(stage, agent);
        if (deed.children === true) agent.device.endChildren();
      }
      return;
    case "powerOff":
      for (const agent of who) powerOff(stage, agent, deed.torn ?? false);
      return;
    case "restart":
      restart(stage, who);
      return;
    case "pause":
      for (const agent of who) world.pauseProcess(agent);
      during(stage, deed.forMs, () => resume(stage, who));
      return;
    case "resume":
      resume(stage, who);
      return;
    case "churn":
      churn(stage, who, deed);
      return;
    default:
      throw new Error(`unknown deed ${deed satisfies never}`);
  }
}

/** Starts a process on every one of these hosts that has none. */
export function restart(stage: Stage, who: readonly SimAgent[]): void {
  for (const agent of who) {
    if (agent.mind !== undefined) continue;
    stage.world.startProcess(agent);
    stage.look(agent);
  }
  stage.returned();
}

/** The process is gone, its host closes its sockets. */
export function kill(stage: Stage, agent: SimAgent): void {
  stage.look(agent);
  stage.world.endProcess(agent);
}

/** The host is gone at once; torn, in the middle of what it was writing. */
export function powerOff(stage: Stage, agent: SimAgent, torn: boolean): void {
  const { world } = stage;
  stage.look(agent);
  if (torn) {
    const random = stage.streams.of("torn", world.nowUs, agent);
    agent.device.tear(random.word());
    world.losePower(agent, random.below(agent.journal.unsyncedCount + 1));
  } else world.losePower(agent);
  stage.powerLost(agent);
}

function resume(stage: Stage, who: readonly SimAgent[]): void {
  for (const agent of who) stage.world.resumeProcess(agent);
  stage.returned();
}
