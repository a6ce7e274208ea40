import type { ResourceId } from "@antibody/policy";
import type { CommonPromise } from "./fields.ts";

/** What this device promises to its peers: connections to the capability named by the resource reach the port. */
export type CapabilityPromise = CommonPromise & {
  /** A local TCP port. */
  readonly port: number;
  /** Announced only while the promises of all of these are kept. */
  readonly while?: readonly ResourceId[];
};

/** Whether the mind announces it; the mind itself observes it. */
export type CapabilityObservation =
  | { readonly type: "announced" }
  | { readonly type: "withheld"; readonly because: string };
