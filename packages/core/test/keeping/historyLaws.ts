import fc from "fast-check";
import { expect } from "vitest";
import { Device, grantAll, settle } from "./device.ts";
import { deliver, deliveries, histories, make } from "./histories.ts";

/**
 * In so many generated histories, with rotations, forks of roots, revocations, equivocations, signs of life and owner's
 * words: three devices that heard parts of it in any order, with power cuts in between, and one that heard all of it
 * as it was made, hold the same in dispute, and the same in force beside it, once they have exchanged what they hold.
 */
export function holdsInHistories(numRuns: number, seed?: number): void {
  fc.assert(
    fc.property(histories, fc.array(deliveries, { minLength: 3, maxLength: 3 }), (acts, parts) => {
      const made = make(acts);
      const grants = made.authors.map((author, index) => grantAll(author, index + 1));
      const complete = new Device(grants);
      for (const bytes of made.documents) complete.hear(bytes);
      const devices = parts.map((part) => {
        const device = new Device(grants);
        deliver(device, made, part);
        return device;
      });
      settle([complete, ...devices]);
      for (const device of devices) {
        expect(device.summary()).toEqual(complete.summary());
        // What a dispute freezes is what was not dropped before it was noticed, and may differ.
        expect(device.inForceBut(complete)).toEqual(complete.inForceBut(device));
      }
      // What the journal holds makes the same device again.
      for (const device of devices) {
        const before = device.summary();
        device.restart();
        expect(device.summary()).toEqual(before);
      }
    }),
    { numRuns, ...(seed === undefined ? {} : { seed }) },
  );
}
