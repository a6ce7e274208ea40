import { once } from "node:events";
import { connect, createServer } from "node:net";
import { type ContainerPromise, containerBytes } from "@antibody/core";
import { onTestFinished } from "vitest";
import { settingsOf } from "../../../src/device/container/settings.ts";
import { keyedDigester } from "../../../src/device/digest.ts";
import { Tree } from "../../../src/device/tree.ts";
import { boxImage, boxPromise } from "../box.ts";
import { askEngine, engine as realEngine } from "../conversation.ts";
import { EngineFake } from "../engineFake.ts";
import { digestKey, type Rig, resource } from "../rig.ts";
import type { Draw } from "./drawing.ts";
import type { Stage } from "./stage.ts";

const socket = "/engine.sock";
const digest = keyedDigester(digestKey);
const good = boxPromise(socket);
/** What may be promised, of which some cannot start and some are not to be had. */
const promises: readonly ContainerPromise[] = [
  good,
  good,
  good,
  { ...good, env: { RATE: "5" } },
  { ...good, env: { RATE: "5" } },
  { ...good, command: ["/no/such/program"] },
  { ...good, image: "localhost/none:1" },
  { absent: true, socket },
];
/** What a container may have been made by before. */
const makers: readonly ContainerPromise[] = [
  good,
  { ...good, env: { RATE: "5" } },
  { ...good, env: { RATE: "old" } },
];

/**
 * Containers of the engine that ANTIBODY_ENGINE names, which knows the image `localhost/box:1`; else of a fake, of
 * whose answers one may be an error or be lost.
 */
export const containerStage: Stage = {
  kind: "container",
  arrange: async (rig, draw, turn) => {
    const fake = await engineOf(rig);
    const name = `antibody-test-${process.pid}-${turn}`;
    fake?.failNothing();
    onTestFinished(async () => {
      for (const left of ["", "-antibody-next", "-antibody-before"])
        await askEngine(rig.real(socket), "DELETE", `/containers/${name}${left}?force=1`);
    });
    await breakContainer(rig, name, draw);
    const promise = draw.of(promises[0] ?? good, ...promises.slice(1));
    // One trouble at a time: what cannot start is brought back by questions that are answered.
    const canStart = promise.command?.[0] !== "/no/such/program";
    if (canStart && draw.below(3) === 0) fake?.failAfter(draw.below(14), draw.of("refused", "lost"));
    return {
      id: resource(`container:${name}`),
      promise: { ...promise },
      // EEXIST: what another has made is for a human.
      mayFail: ["EEXIST", "HTTP404", "HTTP500", "ECONNRESET"],
      calm: () => fake?.failNothing(),
    };
  },
};

const engines = new WeakMap<Rig, Promise<EngineFake | undefined>>();

/** The engine of a rig, behind its own socket; undefined where it is a real one. */
function engineOf(rig: Rig): Promise<EngineFake | undefined> {
  const known = engines.get(rig) ?? open(rig);
  engines.set(rig, known);
  return known;
}

async function open(rig: Rig): Promise<EngineFake | undefined> {
  const real = realEngine;
  if (real === undefined) {
    const fake = new EngineFake([boxImage]);
    await fake.listen(rig.real(socket));
    return fake;
  }
  const server = createServer((here) => {
    const there = connect(real);
    here.pipe(there).pipe(here);
    here.on("error", () => there.destroy());
    there.on("error", () => here.destroy());
  });
  server.listen(rig.real(socket));
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return undefined;
}

/** A container as promised or by another promise, by somebody else, stopped or killed, and what was left half done. */
async function breakContainer(rig: Rig, name: string, draw: Draw): Promise<void> {
  const ask = (method: string, path: string, body?: object): Promise<number> =>
    askEngine(rig.real(socket), method, path, body);
  const make = async (as: string): Promise<void> => {
    const maker = draw.of(makers[0] ?? good, ...makers.slice(1));
    const settings = settingsOf(maker, digest(containerBytes(maker)), new Tree(rig.place.root));
    const isForeign = as === name && draw.below(6) === 0;
    await ask("POST", `/containers/create?name=${as}`, isForeign ? { ...settings, Labels: {} } : settings);
  };
  for (const left of ["-antibody-next", "-antibody-before"]) if (draw.below(4) === 0) await make(name + left);
  if (draw.below(4) === 0) return;
  await make(name);
  if (draw.below(3) > 0) await ask("POST", `/containers/${name}/start`);
  if (draw.below(3) === 0) await ask("POST", `/containers/${name}/kill`);
}
