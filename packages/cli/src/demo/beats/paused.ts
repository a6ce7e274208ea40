import type { Beat } from "../beat.ts";
import { greeting } from "../policy.ts";
import { until } from "../until.ts";
import { damage } from "./healed.ts";

/** A paused agent shows the drift and leaves it; resumed, it heals. */
export const paused: Beat = {
  name: "paused",
  title: "a paused agent shows the drift, leaves it, resumes, heals",
  async play({ colony, sabotages, signal }) {
    const agent = colony.agent("kitchen");
    if (!sabotages.has("unpaused")) {
      await colony.command(
        "kitchen",
        "pause",
        "file:/etc/greeting",
        "--reason",
        "showing the demo",
        "--for",
        "10m",
      );
    }
    await damage(agent);
    await until("the kitchen to show the drift and leave it", signal, async () => {
      const view = await agent.resource("file:/etc/greeting");
      return view?.phase === "paused" && view.drift !== undefined;
    });
    const left = await agent.read("/etc/greeting");
    if (left === greeting) throw new Error("the paused kitchen repaired its greeting");
    await colony.command("kitchen", "resume", "file:/etc/greeting");
    await until(
      "the resumed kitchen to heal",
      signal,
      async () => (await agent.read("/etc/greeting")) === greeting,
    );
    return `the drift was shown and left as ${JSON.stringify(left)}, and healed after resume`;
  },
};
