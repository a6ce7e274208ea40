import type { AgentId } from "@antibody/policy";
import { multiaddr } from "@multiformats/multiaddr";
import fc from "fast-check";
import { expect, test } from "vitest";
import { spareCircuits } from "../../../src/network/relay/returns.ts";
import { routeProtocol } from "../../../src/network/routes/routes.ts";
import type { Session } from "../../../src/network/sessions/session.ts";

const relay = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
const [low, high] = ["agent_a", "agent_b"] as [AgentId, AgentId];

interface Link {
  readonly isDirect: boolean;
  readonly opener: AgentId;
  readonly carriesRoute: boolean;
}

/** What one end sees of links, the newest last; only what is looked at. */
function sessionAt(own: AgentId, links: readonly Link[]): Session {
  const connections = links.map(({ isDirect, opener, carriesRoute }, index) => ({
    id: String(index),
    remoteAddr: multiaddr(`/ip4/192.0.2.1/tcp/1/p2p/${relay}${isDirect ? "" : `/p2p-circuit/p2p/${relay}`}`),
    direction: opener === own ? "outbound" : "inbound",
    streams: carriesRoute ? [{ protocol: routeProtocol }] : [],
  }));
  return { agent: own === low ? high : low, connections } as unknown as Session;
}

function sparesOf(own: AgentId, links: readonly Link[]): readonly Link[] {
  return spareCircuits(sessionAt(own, links), own).map(({ id }) => links[Number(id)] as Link);
}

const link = fc.record({
  isDirect: fc.boolean(),
  opener: fc.constantFrom(low, high),
  carriesRoute: fc.boolean(),
});

test("both ends together close all circuits but one, or all beside a direct link, and none with a route", () => {
  fc.assert(
    fc.property(fc.array(link, { minLength: 1, maxLength: 6 }), (links) => {
      const closed = [...sparesOf(low, links), ...sparesOf(high, links)];
      const circuits = links.filter(({ isDirect }) => !isDirect);
      const left = circuits.filter((one) => !closed.includes(one) && !one.carriesRoute);
      expect(closed.every(({ isDirect, carriesRoute }) => !isDirect && !carriesRoute)).toBe(true);
      if (links.at(-1)?.isDirect === true) expect(left).toEqual([]);
      else expect(left.length).toBeLessThanOrEqual(1);
      expect(closed.length).toBeLessThan(links.length);
    }),
  );
});
