import { createHash } from "node:crypto";
import type { AgentId, ResourceId } from "@antibody/policy";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Turn } from "../../src/contract/turn.ts";
import { Random } from "../../src/random.ts";
import { Disturbing } from "../../src/roles/disturbing.ts";

const crypto = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };
const role = "role:web" as ResourceId;
const roleSettleMs = 3_000;
/** A word is with everyone within this time: half of the settling. */
const newsMs = 1_500;

/** A device that wants to disturb the role for a while. */
interface Device {
  readonly agent: AgentId;
  readonly disturbing: Disturbing;
  /** Its words, and when it said them first. */
  words: readonly { readonly words: readonly string[]; readonly atMs: number }[];
  wantsAtMs: number;
  leftMs: number;
  hasTurn: boolean;
}

function turnAt(monoMs: number): Turn {
  return {
    now: { monoMs, wallMs: monoMs },
    random: Random.fromSeed(1),
    emit: () => undefined,
    tell: () => undefined,
  };
}

/** What others have heard of a device at a time: news take `newsMs`. */
function heard({ words }: Device, nowMs: number): readonly string[] {
  return words.filter(({ atMs }) => atMs <= nowMs - newsMs).at(-1)?.words ?? [];
}

function devicesOf(wants: readonly number[]): Device[] {
  return wants.map((wantsAtMs, index) => {
    const agent = `agent_${String(index).padStart(52, "a")}` as AgentId;
    return {
      agent,
      disturbing: new Disturbing({ agent, crypto, settings: { roleSettleMs } }),
      words: [],
      wantsAtMs,
      leftMs: 2_000,
      hasTurn: false,
    };
  });
}

/** Lets the devices take turns until nobody wants any more; the most that had a turn at once. */
function run(devices: readonly Device[], ceiling: number | undefined, isCutOff = false) {
  let most = 0;
  let nowMs = 0;
  const stepMs = 250;
  for (; devices.some(({ leftMs }) => leftMs > 0) && nowMs < 600_000; nowMs += stepMs) {
    for (const device of devices) {
      const wants = nowMs >= device.wantsAtMs && device.leftMs > 0;
      if (device.disturbing.deadline <= nowMs) device.disturbing.wake();
      const living = devices
        .filter((other) => other !== device)
        .map((other) => ({ agent: other.agent, isSure: true, capabilities: heard(other, nowMs) }));
      const { turns, words, because } = device.disturbing.refresh(
        { living: () => living, isCutOff },
        wants ? [{ role, runs: device.hasTurn, ceiling }] : [],
        turnAt(nowMs),
      );
      expect(turns.has(role) || because.has(role)).toBe(wants);
      device.hasTurn = turns.has(role);
      if (device.hasTurn) device.leftMs -= stepMs;
      const last = device.words.at(-1)?.words ?? [];
      if (words.join() !== last.join()) device.words = [...device.words, { words, atMs: nowMs }];
    }
    most = Math.max(most, devices.filter(({ hasTurn }) => hasTurn).length);
  }
  return { most, nowMs };
}

it("never more devices than the ceiling have a turn at once, and each has its own in the end", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(40), { minLength: 1, maxLength: 7 }),
      fc.integer({ min: 1, max: 3 }),
      (wants, ceiling) => {
        const devices = devicesOf(wants.map((quarters) => quarters * 250));
        const { most } = run(devices, ceiling);
        expect(most).toBeLessThanOrEqual(ceiling);
        expect(most).toBeGreaterThan(0);
        expect(devices.every(({ leftMs }) => leftMs <= 0)).toBe(true);
      },
    ),
    // Of three that asked one after the other, ranks alone let all begin: each heard too late that the others had.
    { numRuns: 200, examples: [[[22, 17, 15], 2]] },
  );
});

it("one at a time where the role does not say", () => {
  expect(run(devicesOf([0, 0, 0, 0]), undefined).most).toBe(1);
});

it("a device that is cut off takes no turn", () => {
  const devices = devicesOf([0]);
  expect(run(devices, 1, true).most).toBe(0);
});

it("is the same after a dump", () => {
  const [device] = devicesOf([0]);
  if (device === undefined) throw new Error("no device");
  const want = [{ role, runs: false, ceiling: 1 }];
  device.disturbing.refresh({ living: () => [], isCutOff: false }, want, turnAt(0));
  const twin = new Disturbing(
    { agent: device.agent, crypto, settings: { roleSettleMs } },
    device.disturbing.dump(),
  );
  expect(twin.deadline).toBe(roleSettleMs);
  for (const each of [device.disturbing, twin]) {
    each.wake();
    const { turns } = each.refresh({ living: () => [], isCutOff: false }, want, turnAt(roleSettleMs));
    expect(turns).toEqual(new Set([role]));
  }
  expect(twin.dump()).toEqual(device.disturbing.dump());
});
