import type { Input, Observation } from "@antibody/core";
import { expect, test, vi } from "vitest";
import { type Looked, Looks, unseen } from "../../src/device/looks.ts";
import { failed, type ResourceBody } from "../../src/device/resourceBody.ts";
import { resource } from "./rig.ts";

/** One resource whose looks a test ends by hand, with what they see. */
function slowResource() {
  const fed: Input[] = [];
  const running: PromiseWithResolvers<Observation>[] = [];
  const body: ResourceBody = {
    slow: true,
    observe: () => {
      const look = Promise.withResolvers<Observation>();
      running.push(look);
      return look.promise;
    },
    act: () => failed("ENOSYS", "it is only looked at"),
  };
  const looks = new Looks(
    (input) => fed.push(input),
    () => undefined,
    () => undefined,
  );
  const looked: Looked = unseen(body, { id: resource("command:check"), name: "check", promise: {} });
  const begun = (count: number): Promise<unknown> => vi.waitUntil(() => running.length === count);
  const sees = (state: string): void => running.at(-1)?.resolve({ type: "ran", state });
  const told = (): unknown[] => fed.map((input) => input.type === "observed" && input.observation["state"]);
  return { looks, looked, running, begun, sees, told };
}

/** Until what was ended has been taken in. */
const turn = (): Promise<void> => new Promise((turned) => setImmediate(turned));

test("what was seen of before an action ended is not told: it is looked at again", async () => {
  const { looks, looked, begun, sees, told } = slowResource();
  looks.ask(looked);
  await begun(1);
  looks.outdate(looked);
  sees("before");
  await begun(2);
  expect(told()).toEqual([]);
  sees("after");
  await turn();
  expect(told()).toEqual(["after"]);
});

test("however often it is woken while it is looked at, there is one more look, and no news is not told", async () => {
  const { looks, looked, running, begun, sees, told } = slowResource();
  looks.ask(looked);
  await begun(1);
  for (let events = 0; events < 100; events += 1) looks.wake(looked);
  sees("same");
  await begun(2);
  sees("same");
  await turn();
  await turn();
  expect(running).toHaveLength(2);
  expect(told()).toEqual(["same"]);
});

test("a mind that asks is told, also what it knows", async () => {
  const { looks, looked, begun, sees, told } = slowResource();
  looks.ask(looked);
  await begun(1);
  looks.ask(looked);
  sees("same");
  await begun(2);
  sees("same");
  await turn();
  expect(told()).toEqual(["same", "same"]);
});

test("what is forgotten is told nothing of, and its look is aborted", async () => {
  const { looks, looked, begun, sees, told } = slowResource();
  looks.ask(looked);
  await begun(1);
  looks.forget(looked);
  expect(looked.gone.signal.aborted).toBe(true);
  sees("late");
  await turn();
  expect(told()).toEqual([]);
});
