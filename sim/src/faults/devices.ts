import type { ResourceId } from "@antibody/policy";
import type { DeviceDeed } from "../scenarios/step.ts";
import type { SimAgent } from "../world/agent.ts";
import { during, recur, type Stage } from "./stage.ts";

/** What happens to devices: their speed, their clocks, what is on them. */
export function doToDevices(stage: Stage, deed: DeviceDeed): void {
  const who = stage.selecting.choose(deed.who);
  switch (deed.type) {
    case "slow":
      slow(stage, who, deed);
      return;
    case "clock":
      for (const { clock } of who) {
        if (deed.wallJumpMs !== undefined) clock.jumpWall(deed.wallJumpMs);
        if (deed.driftPerMillion !== undefined) clock.drift(deed.driftPerMillion, stage.world.nowUs);
      }
      return;
    case "damage":
      damage(stage, who, deed);
      return;
    case "defect":
      for (const { device } of who) device.breakPromises(deed.resource as ResourceId, deed.text);
      return;
    case "fight":
      for (const { device } of who) device.fight(deed.resource as ResourceId, deed.afterMs * 1_000);
      stage.after(deed.forMs, () => {
        for (const { device } of who) device.leave(deed.resource as ResourceId);
      });
      return;
    default:
      throw new Error(`unknown deed ${deed satisfies never}`);
  }
}

function slow(
  stage: Stage,
  who: readonly SimAgent[],
  { times, forMs }: Extract<DeviceDeed, { readonly type: "slow" }>,
): void {
  for (const { device } of who) device.slowDown(times);
  during(stage, forMs, () => {
    for (const { device } of who) device.speedUp(times);
  });
}

function damage(
  stage: Stage,
  who: readonly SimAgent[],
  { resources, mendable, everyMs, forMs }: Extract<DeviceDeed, { readonly type: "damage" }>,
): void {
  const once = (agent: SimAgent): void => {
    const random = stage.streams.ofDamage(agent);
    const known = mendable === true ? agent.device.mendable() : agent.device.resources();
    for (const resource of random.sample(known, resources)) {
      agent.device.damage(resource, random.word());
    }
  };
  if (everyMs === undefined) {
    for (const agent of who) once(agent);
    return;
  }
  for (const agent of who) {
    const random = stage.streams.of("damage", stage.world.nowUs, agent);
    recur(stage, random, { everyMs, forMs }, () => once(agent));
  }
}
