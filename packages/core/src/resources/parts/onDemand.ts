import type * as z from "zod/mini";

/** A shape that is made when it is first needed. */
export type Shape<Value> = () => z.ZodMiniType<Value>;

/**
 * Makes a shape once, when it is first needed: a device keeps few of the kinds, and the shapes of all of them would
 * take an agent more time and memory at its start than most of what it does there.
 */
export function onDemand<Value>(make: () => z.ZodMiniType<Value>): Shape<Value> {
  let made: z.ZodMiniType<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
