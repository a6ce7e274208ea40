import { writeFileSync } from "node:fs";
import type { ResourcePromise } from "@antibody/policy";
import { describe, expect, test } from "vitest";
import { boxImage, boxPromise } from "./box.ts";
import { askEngine, engineOf } from "./conversation.ts";
import { Rig, resource, until } from "./rig.ts";
import { heal, lookAt } from "./stages/stage.ts";

const id = resource("container:antibody-test");

/** What the engine says of the container now. */
async function stateOf(rig: Rig, promise: ResourcePromise): Promise<unknown> {
  rig.device.watch(id, promise, false);
  const seen = await lookAt(rig, id);
  rig.device.unwatch(id);
  if (seen.type === "unobservable") throw new Error(seen.failure.message);
  return seen.observation["state"] ?? seen.observation["type"];
}

/**
 * The conversation was recorded with Podman 4.3.1:
 * `ANTIBODY_ENGINE=/run/podman/podman.sock npx vitest run packages/agent/test/device/container.test.ts`, with an image
 * `localhost/box:1` that holds `sh` and `sleep`.
 */
test("a container is created, started, replaced, and comes back where its successor does not start", async () => {
  const rig = new Rig();
  const { socket, done } = await engineOf("conversations/podman.json", rig.place.root);
  const ask = (method: string, path: string): Promise<number> => askEngine(rig.real(socket), method, path);
  const promise = boxPromise(socket);

  await heal(rig, { id, promise: { absent: true, socket } });
  expect(await heal(rig, { id, promise })).toEqual({ repairs: 1, failures: 0 });
  expect(await heal(rig, { id, promise })).toEqual({ repairs: 0, failures: 0 });

  // Killed by another: started.
  await ask("POST", "/containers/antibody-test/kill");
  await heal(rig, { id, promise });
  expect(await stateOf(rig, promise)).toBe("running");

  // Promised otherwise: replaced.
  const changed = { ...promise, env: { RATE: "secret" } };
  expect(await heal(rig, { id, promise: changed })).toEqual({ repairs: 1, failures: 0 });
  expect(JSON.stringify(rig.inputs)).not.toContain("secret");

  // One that cannot start, and one whose image is not to be had: the old one runs on.
  for (const broken of [
    { ...promise, command: ["/no/such/program"] },
    { ...promise, image: "localhost/none:1" },
    { ...promise, image: "localhost:9/none:1", pull: "missing" },
  ]) {
    const failed = await heal(rig, { id, promise: broken, mayFail: ["HTTP404", "HTTP500", "EPULL"] });
    expect(failed).toEqual({ repairs: 1, failures: 1 });
    expect(await heal(rig, { id, promise: changed })).toEqual({ repairs: 0, failures: 0 });
  }

  // Withdrawn, then promised away.
  await rig.act(id, changed, "stop");
  expect(await stateOf(rig, promise)).toBe("stopped");
  await heal(rig, { id, promise: { absent: true, socket } });
  expect(await stateOf(rig, promise)).toBe("absent");
  done();
});

describe("without an engine", () => {
  test("a container says what is missing", async () => {
    const rig = new Rig();
    const none = rig.promise("container:one", { image: boxImage });
    await until("no engine", () =>
      rig.failure(none)?.message.includes("no container engine at /run/docker.sock"),
    );
    writeFileSync(rig.real("/dead.sock"), "");
    const dead = rig.promise("container:two", { image: boxImage, socket: "/dead.sock" });
    await until("nobody", () => rig.failure(dead)?.code === "ECONNREFUSED");
  });
});
