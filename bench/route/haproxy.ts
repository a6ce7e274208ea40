import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { freePort } from "../../packages/cli/src/demo/ports.ts";
import { launcher } from "../../test/harness/colonies.ts";
import { type Unpacked, whileRunning } from "../peers/debian.ts";
import { type Run, waitFor, withDirectory } from "../run.ts";
import type { Ways } from "./ways.ts";

/** The same services without agents, behind Debian's haproxy, which checks each and tries again what is safe. */
export function withHaproxy<Value>(
  run: Run,
  { program, env }: Unpacked,
  backends: readonly string[],
  use: (ways: Ways) => Promise<Value>,
): Promise<Value> {
  return withDirectory(async (directory) => {
    const services = new Map<string, ChildProcess>();
    const ports = await Promise.all(backends.map(() => freePort()));
    try {
      for (const [index, name] of backends.entries()) services.set(name, serve(name, ports[index] ?? 0));
      const listens = await freePort();
      const config = join(directory, "haproxy.cfg");
      writeFileSync(config, configOf(listens, backends, ports));
      return await whileRunning(run, [program("usr/sbin/haproxy"), "-db", "-f", config], env, async () => {
        const url = `http://127.0.0.1:${listens}/`;
        await waitFor(run, "every service to answer", async () => {
          const all = await Promise.all(ports.map((port) => answers(`http://127.0.0.1:${port}/`)));
          return all.every(Boolean) && (await answers(url));
        });
        return use({
          url,
          kill: async (name) => {
            services.get(name)?.kill("SIGKILL");
          },
        });
      });
    } finally {
      for (const child of services.values()) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    }
  });
}

function serve(name: string, port: number): ChildProcess {
  return spawn(launcher.file, [...launcher.args, "demo", "serve", String(port), name], { stdio: "ignore" });
}

/** As its manual advises for services that come and go: checks, another server on failure, and safe requests again. */
function configOf(listens: number, backends: readonly string[], ports: readonly number[]): string {
  const servers = backends.map(
    (name, index) => `  server ${name} 127.0.0.1:${ports[index]} check inter 1s fall 1`,
  );
  return `defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  option redispatch
  retries 3
  retry-on conn-failure empty-response 502 503 504
frontend calls
  bind 127.0.0.1:${listens}
  default_backend web
backend web
  balance leastconn
  option httpchk GET /
${servers.join("\n")}
`;
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on("error", () => resolve(false));
  });
}
