import { type Beat, lateName } from "../beat.ts";
import { greeting } from "../policy.ts";
import { until } from "../until.ts";
import { enroll } from "./formed.ts";
import { trustAuthor } from "./published.ts";

/** An agent that starts late gets what was published before it was there. */
export const lateComer: Beat = {
  name: "lateComer",
  title: "an agent started late gets what was published before",
  async play(stage) {
    const { colony, sabotages, signal } = stage;
    await enroll(stage, "attic", lateName);
    if (!sabotages.has("lateWithoutGrant")) await trustAuthor(stage, lateName);
    const agent = colony.agent(lateName);
    await until("the late agent to keep what was published before", signal, async () => {
      return (await agent.read("/etc/greeting")) === greeting;
    });
    const { streams } = await agent.inspect();
    const active = streams.find(({ stream }) => stream === "home")?.active;
    return `${lateName} holds generation ${active?.version.generation}, published before it existed`;
  },
};
