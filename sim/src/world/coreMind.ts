import { type Boot, Mind, type MindOptions } from "@antibody/core";
import type { SimMind } from "./agent.ts";

/** The mind of the device itself: the simulator has no other. */
export function createCoreMind(options: MindOptions, boot: Boot): SimMind {
  return Mind.create(options, boot);
}
