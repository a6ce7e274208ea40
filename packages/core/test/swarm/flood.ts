import type { Host } from "./host.ts";

/** A host that gossip reaches, from which other, and after how many hops. */
export interface Reached {
  readonly host: Host;
  readonly from: Host;
  readonly hops: number;
}

/** Gossip goes along sessions, to everyone that it can reach, once. `carries`: whether a session passes it on. */
export function* flood(source: Host, carries: (from: Host, to: Host) => boolean): Generator<Reached> {
  const seen = new Set([source]);
  let edge: Host[] = [source];
  for (let hops = 1; edge.length > 0; hops += 1) {
    const next: Host[] = [];
    for (const from of edge) {
      for (const host of from.sessions) {
        if (seen.has(host) || host.state !== "running" || !carries(from, host)) continue;
        seen.add(host);
        next.push(host);
        yield { host, from, hops };
      }
    }
    edge = next;
  }
}
