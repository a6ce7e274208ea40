import type { SimAgent } from "../world/agent.ts";
import type { Stage } from "./stage.ts";

/** Starts a process on every one of these hosts that has none. */
export function restart(stage: Stage, who: readonly SimAgent[]): void {
  for (const agent of who) {
    if (agent.isRunning) continue;
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

/** Processes that were stopped go on. */
export function resume(stage: Stage, who: readonly SimAgent[]): void {
  for (const agent of who) stage.world.resumeProcess(agent);
  stage.returned();
}
