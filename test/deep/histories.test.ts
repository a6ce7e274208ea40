import { expect, it } from "vitest";
import { holdsInHistories } from "../../packages/core/test/keeping/historyLaws.ts";

const histories = Number(process.env["ANTIBODY_HISTORIES"] ?? 5_000);

it("histories of authors, thieves and owners end the same on every device", { timeout: 1_200_000 }, () => {
  expect(histories).toBeGreaterThan(0);
  holdsInHistories(histories);
});
