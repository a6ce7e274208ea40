import { describe, it } from "vitest";
import { holdsInHistories } from "./historyLaws.ts";

describe("histories of authors, thieves and owners", () => {
  it("end the same on every device, in whatever order and however incomplete they came", () => {
    holdsInHistories(150);
  });
});
