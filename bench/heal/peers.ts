import type { Figures } from "../figures.ts";
import { unpack } from "../peers/debian.ts";
import type { Run } from "../run.ts";
import { cfengineDefault, cfengineLoop } from "./cfengine.ts";
import { monit } from "./monit.ts";
import { runit } from "./runit.ts";
import { staged } from "./stage.ts";

/** The same damage repaired by others, one after the other on a quiet machine. */
export async function healPeers(run: Run): Promise<Readonly<Record<string, Figures>>> {
  const packages = {
    cfengine: await unpack(run, "cfengine3"),
    monit: await unpack(run, "monit"),
    runit: await unpack(run, "runit"),
  };
  return {
    runit: await staged((stage) => runit(run, packages.runit, stage)),
    "monit, 1 s": await staged((stage) => monit(run, packages.monit, stage)),
    "cf-agent, 1 s loop": await staged((stage) => cfengineLoop(run, packages.cfengine, stage)),
    "cfengine3, default": await staged((stage) => cfengineDefault(run, packages.cfengine, stage)),
  };
}
