import type { Input } from "@antibody/core";
import type { AgentId, ResourceId } from "@antibody/policy";
import { expect, test } from "vitest";
import { InputQueue, inputQueueMax } from "../../src/mind/inputQueue.ts";

const lasting: Input = { type: "disconnected", peer: "agent_a" as AgentId };
const saidAgain: Input = { type: "wake" };

function seen(resource: string, state: number): Input {
  return { type: "observed", resource: resource as ResourceId, observation: { type: "file", state } };
}

function full(): InputQueue {
  const queue = new InputQueue();
  for (let n = 0; n < inputQueueMax; n += 1) queue.push(lasting);
  return queue;
}

function rest(queue: InputQueue): readonly Input[] {
  const inputs: Input[] = [];
  for (let input = queue.shift(); input !== undefined; input = queue.shift()) inputs.push(input);
  return inputs;
}

test("what is said again is dropped when too many wait, and counted; what is not is taken", () => {
  const queue = full();
  expect(queue.push(saidAgain)).toBe("dropped");
  expect(queue.push(lasting)).toBe("taken");
  expect(queue.droppedCount).toBe(1);
  expect(rest(queue)).toHaveLength(inputQueueMax + 1);
});

test("of each resource the last that was seen is taken after all else, however many were seen without room", () => {
  const queue = full();
  for (let state = 1; state <= 3; state += 1) {
    for (const resource of ["file:/a", "file:/b"]) expect(queue.push(seen(resource, state))).toBe("taken");
  }
  expect(queue.length).toBe(inputQueueMax + 2);
  expect(rest(queue).slice(inputQueueMax)).toEqual([seen("file:/a", 3), seen("file:/b", 3)]);
  expect(queue.length).toBe(0);
});

test("what is seen when there is room again does not overtake what was seen before", () => {
  const queue = full();
  queue.push(seen("file:/a", 1));
  for (let n = 0; n < inputQueueMax / 2; n += 1) queue.shift();
  queue.push(seen("file:/a", 2));
  queue.push(lasting);
  expect(rest(queue).slice(-2)).toEqual([lasting, seen("file:/a", 2)]);
  queue.push(seen("file:/a", 3));
  queue.push(lasting);
  expect(rest(queue)).toEqual([seen("file:/a", 3), lasting]);
});

test("cleared, it holds nothing", () => {
  const queue = full();
  queue.push(seen("file:/a", 1));
  queue.clear();
  expect(queue.length).toBe(0);
  expect(queue.shift()).toBeUndefined();
});
