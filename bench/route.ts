import { setTimeout as wait } from "node:timers/promises";
import { type Figures, type Outcome, quantile, round } from "./figures.ts";
import { unpack } from "./peers/debian.ts";
import { withAntibodyRoute } from "./route/antibody.ts";
import { withHaproxy } from "./route/haproxy.ts";
import { load, loadMs } from "./route/load.ts";
import type { Ways } from "./route/ways.ts";
import type { Run } from "./run.ts";

const backends: readonly string[] = ["attic", "cellar", "garage", "shed"];
/** When the first and the second backend are killed, in parts of the load. */
const killsAt: readonly number[] = [1 / 3, 2 / 3];

/** A steady load of HTTP through a route with four backends, two of which are killed meanwhile. */
export async function route(run: Run): Promise<Outcome> {
  const figures = await withAntibodyRoute(run, backends, (ways) => underLoad(run, "antibody", ways));
  if (!run.peers) return { figures };
  const package_ = await unpack(run, "haproxy");
  const haproxy = await withHaproxy(run, package_, backends, (ways) => underLoad(run, "haproxy", ways));
  return { figures, peers: { haproxy: { version: package_.version, ...haproxy } } };
}

async function underLoad(run: Run, program: string, { url, kill }: Ways): Promise<Figures> {
  run.say(`${program}: ${loadMs / 1_000} s of requests, a backend is killed after each third`);
  const startedMs = performance.now();
  const killedMs: number[] = [];
  const loading = load(run, url);
  for (const [index, part] of killsAt.entries()) {
    await wait(startedMs + part * loadMs - performance.now(), undefined, { signal: run.signal });
    killedMs.push(performance.now() - startedMs);
    await kill(backends[index] ?? "");
  }
  const { requests, failures, tookMs } = await loading;
  for (const { atMs, why } of failures) run.say(`${program}: failed after ${Math.round(atMs)} ms: ${why}`);
  const sinceKillMs = failures.map(({ atMs }) => atMs - Math.max(0, ...killedMs.filter((ms) => ms <= atMs)));
  return {
    requests,
    failedRequests: failures.length,
    failedPercent: round((100 * failures.length) / requests),
    lastFailureAfterKillMs: round(Math.max(0, ...sinceKillMs)),
    requestP50Ms: quantile(tookMs, 0.5),
    requestP99Ms: quantile(tookMs, 0.99),
    requestMaxMs: quantile(tookMs, 1),
  };
}
