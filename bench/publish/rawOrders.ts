/** The one topic of the bare swarm. */
export const topic = "/bench/raw";

/** What a node of bare gossipsub is told to do. */
export type Order =
  | { readonly type: "dial"; readonly address: string }
  | {
      readonly type: "publish";
      readonly messages: readonly { readonly number: number; readonly bytes: number }[];
    };
