import { corrupt } from "../adversary/corrupt.ts";
import type { Step } from "../scenarios/step.ts";
import type { SimAgent } from "../world/agent.ts";
import { doToDevices } from "./devices.ts";
import { doToNetwork } from "./network.ts";
import { doToPolicy } from "./policy.ts";
import { doToProcesses } from "./processes.ts";
import type { Stage } from "./stage.ts";

/** The first process of an agent, and its owner's grants for the scenario's authors. */
export function startAgent({ world, publishers }: Stage, agent: SimAgent): void {
  world.startProcess(agent);
  for (const { grant } of publishers.all) {
    world.give(agent, { type: "command", id: "grant", command: { type: "grant", grant } });
  }
}

/** Does to a world what a step of a scenario says. */
export function doStep(stage: Stage, deed: Step): void {
  switch (deed.type) {
    case "publish":
    case "replayPolicy":
      doToPolicy(stage, deed);
      return;
    case "kill":
    case "powerOff":
    case "restart":
    case "pause":
    case "resume":
    case "churn":
      doToProcesses(stage, deed);
      return;
    case "partition":
    case "cut":
    case "eclipse":
    case "heal":
    case "loss":
    case "latency":
      doToNetwork(stage, deed);
      return;
    case "slow":
    case "clock":
    case "damage":
    case "defect":
    case "fight":
      doToDevices(stage, deed);
      return;
    case "corrupt":
      corrupt(stage, deed);
      return;
    default:
      throw new Error(`unknown deed ${deed satisfies never}`);
  }
}
