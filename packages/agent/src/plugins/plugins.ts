import type { ResourceId } from "@antibody/policy";
import { DeviceError } from "../device/deviceError.ts";
import { PluginHost } from "./host.ts";
import type { PluginRegistry } from "./registry.ts";

/** The plug-ins that the owner registered, as they were when the agent started. */
export class Plugins {
  readonly #hosts: ReadonlyMap<string, PluginHost>;

  constructor({ plugins }: PluginRegistry, changed: (resource: ResourceId) => void) {
    this.#hosts = new Map(
      Object.entries(plugins).map(([name, plugin]) => [
        name,
        // A plug-in wakes what is its own, and nothing else.
        new PluginHost(name, plugin, (resource) => {
          if (resource.startsWith(`plugin:${name}/`)) changed(resource);
        }),
      ]),
    );
  }

  /** Throws a DeviceError where nobody registered it: policy cannot. */
  host(name: string): PluginHost {
    const host = this.#hosts.get(name);
    if (host !== undefined) return host;
    throw new DeviceError(
      "ENOPLUGIN",
      `no plug-in ${name} is registered on this device: antibody plugin add ${name}`,
    );
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.stop()));
  }
}
