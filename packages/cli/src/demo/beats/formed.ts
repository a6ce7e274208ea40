import { type Beat, demoNames, type Stage } from "../beat.ts";
import { until } from "../until.ts";

/** Five agents, enrolled one by one with printed codes, each see the four others. */
export const formed: Beat = {
  name: "formed",
  title: "five agents form a swarm",
  async play(stage) {
    const { colony, names, sabotages, signal } = stage;
    const [founder, ...others] = names;
    if (founder === undefined) throw new Error("a swarm has a founder");
    await colony.command(founder, "init", "--name", founder);
    await colony.start(founder);
    const joining = sabotages.has("absentMember") ? others.slice(1) : others;
    await Promise.all(joining.map((name) => enroll(stage, founder, name)));
    for (const agent of colony.agents) {
      await until(`${agent.name} to see ${demoNames.length - 1} peers`, signal, async () => {
        const { members } = await agent.inspect();
        return members.filter((member) => member.verdict === "reachable").length === demoNames.length - 1;
      });
    }
    return `${demoNames.length} agents, each reaches ${demoNames.length - 1} peers, enrolled with ${others.length} codes`;
  },
};

/** Prints a code on the founder and uses it on a new device: the only thing that the two ever share. */
export async function enroll(stage: Stage, founder: string, name: string): Promise<void> {
  const { code } = await stage.colony.command(founder, "invite", "--expires", "5m");
  await stage.colony.command(name, "join", String(code), "--name", name);
  await stage.colony.start(name);
}
