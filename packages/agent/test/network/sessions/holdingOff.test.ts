import { setImmediate as turn } from "node:timers/promises";
import { multiaddr } from "@multiformats/multiaddr";
import { expect, test } from "vitest";
import { garbageRememberedMs, heldMax, heldPerHostMax, helloTimeoutMs } from "../../../src/network/limits.ts";
import { HoldingOff } from "../../../src/network/sessions/holdingOff.ts";

const denied = Object.assign(new Error("Connection denied"), { name: "ConnectionDeniedError" });
const broken = new Error("not a protocol");

/** Holds connections of hosts until a test ends them. */
function bench() {
  let nowMs = 1_000;
  let ended = new AbortController();
  const holding = new HoldingOff(() => nowMs);
  const connectionOf = (host: number, status: "open" | "closed" = "open") => {
    const connection = {
      remoteAddr: multiaddr(`/ip4/10.0.${Math.floor(host / 250)}.${host % 250}/tcp/4001`),
      status,
      isPaused: false,
      pause: () => {
        connection.isPaused = true;
      },
    };
    return connection;
  };
  return {
    holding,
    connectionOf,
    /** Ends all that are held so far. */
    end: () => {
      ended.abort();
      ended = new AbortController();
    },
    wait: (ms: number) => {
      nowMs += ms;
    },
    fail: (host: number, error: Error, tookMs = 0, status: "open" | "closed" = "open") =>
      holding.failed(connectionOf(host, status), nowMs - tookMs, error),
    /** Whether a refused connection of a host is kept open. */
    keeps: async (host: number, status: "open" | "closed" = "open") => {
      const connection = connectionOf(host, status);
      let isOver = false;
      void holding.hold(connection, ended.signal).then(() => {
        isOver = true;
      });
      await turn();
      expect(connection.isPaused).toBe(!isOver);
      return !isOver;
    },
  };
}

test("who is refused after garbage from its host waits, unread, and nobody of another host", async () => {
  const { fail, keeps } = bench();
  expect(await keeps(1)).toBe(false);
  fail(1, broken);
  expect(await keeps(1)).toBe(true);
  expect(await keeps(2)).toBe(false);
  expect(await keeps(1, "closed")).toBe(false);
});

test.each([
  ["that was refused", denied, 0, "open"],
  ["that ran out of time", broken, helloTimeoutMs, "open"],
  ["that its other end has left", broken, 0, "closed"],
] as const)("a handshake %s is no garbage", async (_, error, tookMs, status) => {
  const { fail, keeps } = bench();
  fail(1, error, tookMs, status);
  expect(await keeps(1)).toBe(false);
});

test("garbage is forgotten", async () => {
  const { fail, keeps, wait } = bench();
  fail(1, broken);
  wait(garbageRememberedMs + 1);
  expect(await keeps(1)).toBe(false);
});

test("so many of one host, and of all, are held, and no more", async () => {
  const { fail, keeps, end } = bench();
  const hosts = Math.ceil(heldMax / heldPerHostMax) + 1;
  for (let host = 1; host <= hosts; host += 1) {
    fail(host, broken);
    for (let each = 0; each < heldPerHostMax; each += 1) {
      expect(await keeps(host)).toBe(host < hosts);
    }
    expect(await keeps(host)).toBe(false);
  }
  end();
  await turn();
  expect(await keeps(hosts)).toBe(true);
});
