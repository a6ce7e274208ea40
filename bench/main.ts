import { parseArgs } from "node:util";
import { sharesMax } from "@antibody/sim";
import { type Benchmark, benchmarks } from "./benchmarks.ts";
import { machine, versions } from "./machine.ts";
import type { Run } from "./run.ts";
import { table } from "./table.ts";

const exitCode = { ok: 0, failed: 1, usage: 2 } as const;

/** After an interruption everything must have ended by then; agents are given 8 seconds to. */
const endTimeoutMs = 20_000;

/** Swarms of real processes: more than this no machine bears. The simulator takes more. */
const agentsMax = 100_000;

const help = `Usage: npm run -s bench -- NAME [--agents N] [--peers] [--only SECTION,...] [--json]

Measures real agents, as processes of their own, from outside.

${Object.entries(benchmarks)
  .map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`)
  .join("\n")}

  --agents N  how many agents (publish, death, sim, swarm)
  --workers N threads of a simulated run (sim)
  --peers     measure other programs beside, unpacked from Debian's packages, not installed (heal, death, route)
  --only LIST only these sections, separated by commas
${Object.entries(benchmarks)
  .filter(([, { sections }]) => sections !== undefined)
  .map(([name, { sections }]) => `              ${name}: ${sections?.join(", ")}`)
  .join("\n")}
  --json      one JSON object on one line instead of a table
  --help      this text

Progress goes to standard error. Exits with 0 when measured, 1 when that failed or was interrupted, 2 for usage.
What each figure means: docs/benchmarks.md.
`;

interface Words {
  readonly benchmark: Benchmark;
  readonly name: string;
  readonly agents: number | undefined;
  readonly workers: number | undefined;
  readonly peers: boolean;
  readonly only: readonly string[] | undefined;
  readonly json: boolean;
}

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const words = read(args);
  if (typeof words === "string") {
    const asked = words === "";
    (asked ? process.stdout : process.stderr).write(
      asked ? help : `bench: ${words}\n  next: npm run -s bench -- --help\n`,
    );
    return asked ? exitCode.ok : exitCode.usage;
  }
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => interrupt(interrupted));
  }
  const run: Run = {
    agents: words.agents,
    workers: words.workers,
    peers: words.peers,
    only: words.only,
    signal: interrupted.signal,
    say: (text) => void process.stderr.write(`${words.name}: ${text}\n`),
  };
  try {
    const { figures, peers, sections } = await words.benchmark.measure(run);
    interrupted.signal.throwIfAborted();
    const head = { schema: "antibody.bench/1", bench: words.name, machine: machine(), versions: versions() };
    const result = { ...head, measuredAt: new Date().toISOString(), ...figures, ...sections };
    process.stdout.write(
      words.json
        ? `${JSON.stringify(peers === undefined ? result : { ...result, peers })}\n`
        : table(words.name, words.benchmark, {
            figures,
            ...(peers === undefined ? {} : { peers }),
            ...(sections === undefined ? {} : { sections }),
          }),
    );
    const isWhole = Object.values(sections ?? {}).every(
      ({ ours, serf }) => !("failed" in { ...ours, ...serf }),
    );
    return isWhole ? exitCode.ok : exitCode.failed;
  } catch (error) {
    const reason = interrupted.signal.aborted ? "interrupted; everything has ended" : reasonOf(error);
    process.stderr.write(`bench: ${reason}\n`);
    return exitCode.failed;
  }
}

function interrupt(interrupted: AbortController): void {
  if (interrupted.signal.aborted) return;
  process.stderr.write("bench: interrupted, ending what was started\n");
  interrupted.abort(new Error("interrupted"));
  setTimeout(() => process.exit(exitCode.failed), endTimeoutMs).unref();
}

/** What was asked for; the empty text for help, or what is wrong with it. */
function read(args: readonly string[]): Words | string {
  const options = {
    agents: { type: "string" },
    workers: { type: "string" },
    peers: { type: "boolean" },
    only: { type: "string" },
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
    if (values.help === true) return "";
    const [name = "", ...more] = positionals;
    const benchmark = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
    if (benchmark === undefined || more.length > 0) {
      return `${name === "" ? "name one" : `there is no benchmark "${positionals.join(" ")}"`}: ${Object.keys(benchmarks).join(", ")}`;
    }
    const agents = values.agents === undefined ? undefined : Number(values.agents);
    if (agents !== undefined && !(Number.isSafeInteger(agents) && agents >= 3 && agents <= agentsMax)) {
      return `--agents takes a whole number from 3 to ${agentsMax}`;
    }
    if (agents !== undefined && !benchmark.takesAgents) return `${name} does not take --agents`;
    const workers = values.workers === undefined ? undefined : Number(values.workers);
    if (workers !== undefined && !(Number.isSafeInteger(workers) && workers >= 1 && workers <= sharesMax)) {
      return `--workers takes a whole number from 1 to ${sharesMax}`;
    }
    if (workers !== undefined && benchmark.takesWorkers !== true) return `${name} does not take --workers`;
    if (values.peers === true && !benchmark.takesPeers) return `${name} does not take --peers`;
    const only = values.only?.split(",");
    const unknown = only?.find((section) => benchmark.sections?.includes(section) !== true);
    if (unknown !== undefined)
      return `${name} has no section ${unknown}: ${(benchmark.sections ?? ["none"]).join(", ")}`;
    return {
      benchmark,
      name,
      agents,
      workers,
      peers: values.peers === true,
      only,
      json: values.json === true,
    };
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
