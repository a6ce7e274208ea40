import type { Benchmark } from "./benchmarks.ts";
import type { Figures, Outcome } from "./figures.ts";
import { machine, versions } from "./machine.ts";

/** What a person reads: each figure with its target, and the same figures of other programs beside. */
export function table(
  name: string,
  benchmark: Benchmark,
  { figures, peers = {}, sections = {} }: Outcome,
): string {
  const { cpu, cores, memoryMb } = machine();
  const { antibody, node } = versions();
  const head = `${name}: ${benchmark.summary}\n${cores} × ${cpu}, ${memoryMb} MB, Node ${node}, ${antibody}\n`;
  const parts = [aligned("", benchmark, { antibody: figures, ...peers })];
  for (const [section, { ours, serf }] of Object.entries(sections)) {
    parts.push(aligned(section, benchmark, { antibody: ours, serf }));
  }
  return `${head}\n${parts.join("\n\n")}\n`;
}

function aligned(title: string, benchmark: Benchmark, of: Readonly<Record<string, Figures>>): string {
  const lines = [
    [title, "target", ...Object.keys(of)],
    ...rowsOf(Object.values(of)).map(([figure, values]) => [
      figure,
      benchmark.targets[figure] ?? "",
      ...values,
    ]),
  ];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths?.[0] ?? 0) : cell.padStart(widths?.[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Every figure that anybody has, in the order of first mention, with a cell for each column. */
function rowsOf(columns: readonly Figures[]): readonly (readonly [string, readonly string[]])[] {
  const names = [...new Set(columns.flatMap((figures) => Object.keys(figures)))];
  return names.map((name) => [name, columns.map((figures) => String(figures[name] ?? "–"))]);
}
