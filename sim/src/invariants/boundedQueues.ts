import type { Inspection } from "@antibody/core";

/** Every bounded collection of a mind is within its bound. One line for each that is not. */
export function overfullQueues({ queues }: Pick<Inspection, "queues">): readonly string[] {
  return queues
    .filter(({ length, bound }) => length > bound)
    .map(({ name, length, bound }) => `${name} holds ${length}, its bound is ${bound}`);
}
