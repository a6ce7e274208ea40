import type { ContainerPromise } from "@antibody/core";
import type { Tree } from "../tree.ts";

/** What says, on a container, which promise it was made by. */
export const madeByLabel = "antibody.madeBy";

/** What the engine is told to create (Docker Engine API, ContainerCreate). Volumes lie below the device's root. */
export function settingsOf(promise: ContainerPromise, madeBy: string, tree: Tree): object {
  const { image, command, env = {}, ports = [], volumes = [], network } = promise;
  const mapped = ports.map(portOf);
  return {
    Image: image,
    ...(command === undefined ? {} : { Cmd: command }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: { [madeByLabel]: madeBy },
    ExposedPorts: Object.fromEntries(mapped.map(({ inside }) => [inside, {}])),
    HostConfig: {
      Binds: volumes.map((volume) => bindOf(volume, tree)),
      PortBindings: bindingsOf(mapped),
      ...(network === undefined ? {} : { NetworkMode: network }),
      // The agent starts it again: the engine's own policy would fight a stop that a human asked for.
      RestartPolicy: { Name: "no" },
    },
  };
}

interface Port {
  readonly inside: string;
  readonly binding: { readonly HostIp: string; readonly HostPort: string };
}

function portOf(text: string): Port {
  const [mapping = "", protocol = "tcp"] = text.split("/");
  const parts = mapping.split(":");
  const [address, host, inside] = parts.length === 3 ? parts : ["", ...parts];
  return { inside: `${inside}/${protocol}`, binding: { HostIp: address ?? "", HostPort: host ?? "" } };
}

/** One port of the container may be reached by several of the device. */
function bindingsOf(ports: readonly Port[]): { readonly [inside: string]: readonly Port["binding"][] } {
  const bindings: { [inside: string]: Port["binding"][] } = {};
  for (const { inside, binding } of ports) bindings[inside] = [...(bindings[inside] ?? []), binding];
  return bindings;
}

function bindOf(volume: string, tree: Tree): string {
  const [outside = "", ...rest] = volume.split(":");
  return [tree.real(outside), ...rest].join(":");
}
