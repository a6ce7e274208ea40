import { setImmediate as turn } from "node:timers/promises";
import type { DialResult } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import { generateKeyPair } from "@libp2p/crypto/keys";
import type { PeerId } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import { beforeAll, describe, expect, test } from "vitest";
import { Detours, type DetoursOptions } from "../../../src/network/relay/detours.ts";
import { Dialer, type DialerOptions } from "../../../src/network/sessions/dialer.ts";
import type { Session } from "../../../src/network/sessions/session.ts";

const address = "/ip4/10.0.0.1/tcp/4001";
const target = "agent_target" as AgentId;
const own = "agent_own" as AgentId;
let peer: PeerId;
beforeAll(async () => {
  peer = peerIdFromPrivateKey(await generateKeyPair("Ed25519"));
});

describe("a session that the peer makes while it is dialed", () => {
  /** Whether a dial that was accepted is given up when a session comes to stand, and how it has ended then. */
  async function dial(direction: "inbound" | "outbound", from: string): Promise<DialResult | "goes on"> {
    let session: Session | undefined;
    const reached = Promise.withResolvers<void>();
    const dialer = new Dialer({
      node: {
        dial: (_, { signal, accepted }) => {
          accepted();
          reached.resolve();
          return new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason), { once: true });
          });
        },
      } as DialerOptions["node"],
      gate: { session: () => session } as unknown as DialerOptions["gate"],
      hello: {} as DialerOptions["hello"],
      peerIdOf: () => peer,
      hintsOf: () => [],
      detour: async () => false,
      dialed: () => undefined,
      unreached: () => undefined,
    });
    const result = dialer.dial(target, [address], "session", 60_000);
    await reached.promise;
    const connection = { direction, remoteAddr: multiaddr(from) };
    session = { agent: target, connections: [connection] } as unknown as Session;
    dialer.opened(session);
    const early = await Promise.race([result, turn("goes on" as const)]);
    dialer.stop();
    await result;
    return early;
  }

  test("ends the handshake of the dial, which has found it", async () => {
    expect(await dial("inbound", address)).toBe("connected");
  });

  test.each([
    ["through a relay", "inbound", `${address}/p2p-circuit`],
    ["from this end", "outbound", address],
  ] as const)("leaves it alone where it is %s", async (_, direction, from) => {
    expect(await dial(direction, from)).toBe("goes on");
  });
});

test("no session with a relay is made for a host that refuses, and none with oneself", async () => {
  const asked: AgentId[] = [];
  const neighbors = [own, target, "agent_a", "agent_b"] as AgentId[];
  const options: DetoursOptions = {
    own,
    node: { dial: () => Promise.reject(new Error("no relay")) },
    gate: { session: () => undefined, sessions: () => [] },
    hello: { say: async () => "broken" },
    peerIdOf: () => peer,
    neighborsOf: () => neighbors,
    connectTo: async (agent) => asked.push(agent),
  };
  expect(await new Detours(options).find(target, "instead", "near")).toBe(false);
  expect(asked).toEqual([]);
  expect(await new Detours(options).find(target, "instead", "anywhere")).toBe(false);
  expect(asked.sort()).toEqual(["agent_a", "agent_b"]);
});

test.each(["refused", "cut"] as const)("a dial that ends as %s says who may relay", async (result) => {
  const relays: string[] = [];
  const dialer = new Dialer({
    node: {
      dial: (_, { signal }) =>
        result === "refused"
          ? Promise.reject(Object.assign(new Error("connect"), { code: "ECONNREFUSED" }))
          : new Promise((_, reject) =>
              signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
            ),
    } as DialerOptions["node"],
    gate: { session: () => undefined } as unknown as DialerOptions["gate"],
    hello: {} as DialerOptions["hello"],
    peerIdOf: () => peer,
    hintsOf: () => [],
    detour: async (_, from) => {
      relays.push(from);
      return false;
    },
    dialed: () => undefined,
    unreached: () => undefined,
  });
  expect(await dialer.dial(target, [address], "session", 100)).toBe(result);
  expect(relays).toEqual([result === "refused" ? "near" : "anywhere"]);
  dialer.stop();
});
