import type { DialResult } from "@antibody/core";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { expect, test } from "vitest";
import { Dialer, type DialerOptions } from "../../../src/network/sessions/dialer.ts";
import { found } from "../swarm.ts";

const own = "/ip4/10.0.0.1/tcp/4001";
const forged = "/ip4/10.0.0.66/tcp/4001";
const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });

/** What a dial of a member finds, of whom somebody else has announced an address at which it accepts and says nothing. */
async function dial(purpose: "session" | "fresh", isRefused: boolean): Promise<DialResult> {
  const peer = peerIdFromPrivateKey(await generateKeyPair("Ed25519"));
  const dialer = new Dialer({
    node: {
      dial: (address, { signal, accepted }) => {
        const isForged = address.toString() === forged;
        if (isForged) accepted();
        else if (isRefused) return Promise.reject(refused);
        return new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      },
    } as DialerOptions["node"],
    gate: { session: () => undefined } as unknown as DialerOptions["gate"],
    hello: {} as DialerOptions["hello"],
    peerIdOf: () => peer,
    hintsOf: () => [forged],
    detour: async () => false,
    dialed: () => undefined,
    unreached: () => undefined,
  });
  const { agent } = found().certificate;
  try {
    // A refusal is told long before its deadline, silence by it.
    return await dialer.dial(agent, [own], purpose, isRefused ? 30_000 : 300);
  } finally {
    dialer.stop();
  }
}

test.each(["session", "fresh"] as const)(
  "%s: who announces an address for a member that is gone does not have it held for stalled",
  async (purpose) => {
    expect(await dial(purpose, false)).toBe("cut");
    expect(await dial(purpose, true)).toBe("refused");
  },
);
