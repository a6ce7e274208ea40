import type { AgentId } from "@antibody/policy";
import { multiaddr } from "@multiformats/multiaddr";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Session } from "../../../src/network/sessions/session.ts";
import { keptOfCrossed, spareConnections } from "../../../src/network/sessions/session.ts";

const relay = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
const [low, high] = ["agent_a", "agent_b"] as [AgentId, AgentId];

interface Link {
  readonly isDirect: boolean;
  readonly opener: AgentId;
}

/** What one end sees of links; only what is looked at. */
function sessionAt(own: AgentId, links: readonly Link[]): Session {
  const connections = links.map(({ isDirect, opener }, index) => ({
    id: String(index),
    remoteAddr: multiaddr(`/ip4/192.0.2.1/tcp/1/p2p/${relay}${isDirect ? "" : `/p2p-circuit/p2p/${relay}`}`),
    direction: opener === own ? "outbound" : "inbound",
  }));
  return { agent: own === low ? high : low, connections } as unknown as Session;
}

function keptAt(own: AgentId, links: readonly Link[]): string | undefined {
  const { agent, connections } = sessionAt(own, links);
  return keptOfCrossed(connections, own, agent)?.id;
}

const link = fc.record({
  isDirect: fc.boolean(),
  opener: fc.constantFrom(low, high),
});
const someLinks = fc.array(link, { minLength: 1, maxLength: 6 });

test("both ends keep the same connection, which nobody closes", () => {
  fc.assert(
    fc.property(someLinks, (links) => {
      const kept = keptAt(low, links);
      expect(keptAt(high, links)).toBe(kept);
      const openers = new Set(links.filter(({ isDirect }) => isDirect).map(({ opener }) => opener));
      expect(kept !== undefined).toBe(openers.size === 2);
      if (kept !== undefined) expect(links[Number(kept)]).toMatchObject({ isDirect: true, opener: low });
    }),
  );
});

test("each closes only what it has dialed itself, and of crossed ones only the greater id", () => {
  fc.assert(
    fc.property(someLinks, (links) => {
      const direct = links.flatMap(({ isDirect }, index) => (isDirect ? [index] : []));
      const isCrossed = keptAt(high, links) !== undefined;
      for (const own of [low, high]) {
        const opened = direct.filter((index) => links[index]?.opener === own);
        const alone = isCrossed ? [] : opened.filter((index) => index !== direct.at(-1));
        const closed = spareConnections(sessionAt(own, links), own).map(({ id }) => Number(id));
        expect(closed).toEqual(isCrossed && own === high ? opened : alone);
        expect(closed.length).toBeLessThan(Math.max(1, direct.length));
      }
    }),
  );
});
