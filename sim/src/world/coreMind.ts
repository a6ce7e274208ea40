import { type Boot, Mind, type MindOptions } from "@antibody/core";
import type { CreateMind, SimMind } from "./agent.ts";

/** The mind of the device itself: the simulator has no other. It keeps its directory in the world's columns. */
export function createCoreMind(options: MindOptions, boot: Boot): SimMind {
  return Mind.create(options, boot);
}

/**
 * The same with a plain store of its own, as on a device: it begins with an empty directory. Equal hashes show that columns, and what minds share,
 * lose nothing.
 */
export const createPlainMind: CreateMind = ({ founding, sharing: _, ...options }, boot) => {
  if (founding === undefined) return Mind.create(options, boot);
  const { directory } = founding;
  const members = [...directory.members(), ...boot.members];
  return Mind.create({ ...options, roster: directory.roster }, { ...boot, members });
};
