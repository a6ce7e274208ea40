import { expect, test } from "vitest";
import { breakOff } from "../../../src/network/sessions/breakOff.ts";

test("a connection whose transport is gone already is broken off like any other", () => {
  const reasons: string[] = [];
  const connection = {
    abort: ({ message }: Error): void => {
      reasons.push(message);
      throw new Error("Cannot write to a stream that is closed");
    },
  };
  expect(() => breakOff(connection, new Error("No hello in time"))).not.toThrow();
  expect(reasons).toEqual(["No hello in time"]);
});
