import type { ProcessDeed } from "../scenarios/step.ts";
import type { SimAgent } from "../world/agent.ts";
import { kill, powerOff, restart } from "./lives.ts";
import { recur, type Stage } from "./stage.ts";

type Churn = Extract<ProcessDeed, { readonly type: "churn" }>;

/** One of these goes down again and again, and comes back. Who goes down late comes back after the time is over. */
export function churn(
  stage: Stage,
  who: readonly SimAgent[],
  { everyMs, downMs, forMs, how }: Pick<Churn, "everyMs" | "downMs" | "forMs" | "how">,
): void {
  const random = stage.streams.of("churn", stage.world.nowUs);
  recur(stage, random, { everyMs, forMs }, () => {
    const running = who.filter((agent) => agent.isRunning && !agent.isPaused);
    if (running.length === 0) return;
    const agent = random.pick(running);
    if (how === "powerOff") powerOff(stage, agent, false);
    else kill(stage, agent);
    stage.after(random.between(1, 2 * downMs - 1), () => restart(stage, [agent]));
  });
}
