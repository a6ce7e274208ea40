import type { Launcher } from "./command.ts";
import { freePort } from "./ports.ts";

/** Ports of this machine that the demo's policy names, free when they were asked for. */
export interface DemoPorts {
  /** Where the service listens, by the name of the agent that runs it. */
  readonly services: ReadonlyMap<string, number>;
  /** Where the route of the first agent listens. */
  readonly route: number;
}

/** The policy that the demo's author publishes, generation by generation. */
export interface DemoPolicy {
  readonly ports: DemoPorts;
  /** The first bundle: files, a worker on every device, a service on some, and a route to it. */
  first(serving: readonly string[], routing: string): string;
  /** The second bundle: the first, and a promise that one device cannot keep. */
  second(
    serving: readonly string[],
    routing: string,
    impossible: { readonly on: string; readonly path: string },
  ): string;
  /** A bundle whose author reaches for what no owner of the demo granted. */
  readonly overreaching: string;
}

/** What the file promised on every device says. */
export const greeting = "This device heals itself.\n";

/** The supervised process on every device. */
const worker = ["/bin/sleep", "86400"];

/** Finds ports that nobody uses. */
export async function choosePorts(serving: readonly string[]): Promise<DemoPorts> {
  const ports = await Promise.all([...serving, "route"].map(freePort));
  const services = new Map(serving.map((name, index) => [name, ports[index] ?? 0]));
  return { services, route: ports.at(-1) ?? 0 };
}

/** Policy as an author would write it, for these ports; the launcher runs the service that it promises. */
export function demoPolicy(ports: DemoPorts, launcher: Launcher): DemoPolicy {
  const first = (serving: readonly string[], routing: string): string =>
    [everywhere(), ...serving.map((name) => service(name, ports, launcher)), route(routing, ports)].join(
      "---\n",
    );
  return {
    ports,
    first,
    second: (serving, routing, impossible) => `${first(serving, routing)}---\n${unkeepable(impossible)}`,
    overreaching: `stream: overreach
name: greedy
promises:
  file:/srv/not-granted: { content: "mine now\\n" }
`,
  };
}

function everywhere(): string {
  return `stream: home
name: everywhere
promises:
  file:/etc/greeting: { content: ${JSON.stringify(greeting)}, mode: "0644" }
  process:worker: { command: ${JSON.stringify(worker)}, after: ["file:/etc/greeting"] }
`;
}

function service(name: string, ports: DemoPorts, { file, args }: Launcher): string {
  const port = ports.services.get(name) ?? 0;
  const command = [file, ...args, "demo", "serve", String(port), name];
  return `stream: home
name: service-${name}
when: name == ${JSON.stringify(name)}
promises:
  process:web: { command: ${JSON.stringify(command)} }
  http:web: { url: "http://127.0.0.1:${port}/", every: 250ms }
  capability:web: { port: ${port}, while: ["http:web"] }
`;
}

function route(name: string, ports: DemoPorts): string {
  return `stream: home
name: route
when: name == ${JSON.stringify(name)}
promises:
  route:web: { listen: "127.0.0.1:${ports.route}" }
`;
}

function unkeepable({ on, path }: { readonly on: string; readonly path: string }): string {
  return `stream: home
name: unkeepable
when: name == ${JSON.stringify(on)}
promises:
  file:${path}: { content: "cannot be here\\n" }
`;
}
