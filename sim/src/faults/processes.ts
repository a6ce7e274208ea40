import type { ProcessDeed } from "../scenarios/step.ts";
import { churn } from "./churn.ts";
import { kill, powerOff, restart, resume } from "./lives.ts";
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
