import type { Input } from "@antibody/core";
import type { DeviceHost, DeviceNote } from "../device/device.ts";
import { kinds } from "../engine/kinds.ts";
import type { SimAgent } from "./agent.ts";

/** What a world does for the devices of its agents. */
interface DeviceWorld {
  give(agent: SimAgent, input: Input): void;
  pushOwn(agent: SimAgent, kind: number, delayUs: number, payload: DeviceNote): void;
}

/** The world as one device sees it. */
export class DeviceLink implements DeviceHost {
  readonly #world: DeviceWorld;
  readonly #agent: SimAgent;

  constructor(world: DeviceWorld, agent: SimAgent) {
    this.#world = world;
    this.#agent = agent;
  }

  input(input: Input): void {
    this.#world.give(this.#agent, input);
  }

  after(delayUs: number, note: DeviceNote): void {
    this.#world.pushOwn(this.#agent, kinds.device, delayUs, note);
  }
}
