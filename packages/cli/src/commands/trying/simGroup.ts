import type { Command } from "commander";
import { addGroup, type Shell } from "../../verb.ts";
import { simRun } from "./sim.ts";
import { simList } from "./simList.ts";
import { simReplay } from "./simReplay.ts";
import { simShow } from "./simShow.ts";
import { simShrink } from "./simShrink.ts";
import { simSweep } from "./simSweep.ts";
import { simWorker } from "./simWorker.ts";

/** Adds `antibody sim …`: loaded without the other commands, since what they take is memory that a large world lacks. */
export function addSim(program: Command, shell: Shell): void {
  addGroup(program, shell, {
    name: "sim",
    description: "The same agents by the thousand, in virtual time.",
    verbs: [simList, simShow, simRun, simSweep, simShrink, simReplay, simWorker],
  });
}
