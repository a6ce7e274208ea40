import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { death } from "./death.ts";
import type { Figures } from "./figures.ts";
import { heal } from "./heal.ts";
import { sim } from "./sim.ts";

/** Every benchmark by name. Each runs real agents, or the simulator, and is measured from outside. */
const benchmarks: Readonly<Record<string, (agents: number | undefined) => Promise<Figures>>> = {
  heal: () => heal(),
  death: (agents) => death(agents ?? 20),
  sim: (agents) => sim(agents ?? 1_000),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, agents: { type: "string" } },
});
const [name = ""] = positionals;
const benchmark = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
const agents = values.agents === undefined ? undefined : Number(values.agents);
if (benchmark === undefined || (agents !== undefined && !(Number.isSafeInteger(agents) && agents > 0))) {
  process.stderr.write(
    `bench: ${benchmark === undefined ? `no benchmark "${name}"` : "--agents takes a whole number"}\n  next: npm run -s bench -- ${Object.keys(benchmarks).join("|")} [--agents N] [--json]\n`,
  );
  process.exit(2);
}
const figures = await benchmark(agents);
const machine = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryMb: Math.round(totalmem() / 1e6),
};
if (values.json === true) {
  process.stdout.write(
    `${JSON.stringify({ schema: "antibody.bench/1", bench: name, machine, node: process.version, ...figures })}\n`,
  );
} else {
  process.stdout.write(`${name}, on ${machine.cores} × ${machine.cpu}, Node ${process.version}\n`);
  for (const [figure, value] of Object.entries(figures))
    process.stdout.write(`  ${figure.padEnd(24)} ${value}\n`);
}
process.exit(0);
