import { describe, it } from "vitest";
import { expectAlike } from "../calibration/bounds.ts";
import { compare } from "../calibration/compare.ts";

/** As `test/calibration/gossip.test.ts`, with more agents. */
describe("the model of gossip does what the library does", () => {
  it("300 agents that dial together", async () => {
    expectAlike(await compare(300, "together", [1, 2, 3]));
  });

  it("300 agents that come one by one", async () => {
    expectAlike(await compare(300, "oneByOne", [1, 2, 3]));
  });

  it("1,000 agents that dial together", async () => {
    expectAlike(await compare(1_000, "together", [1]));
  });

  it("1,000 agents that come one by one", async () => {
    expectAlike(await compare(1_000, "oneByOne", [1]));
  });
});
