import type { Benchmark } from "./benchmarks.ts";
import type { Figures, Outcome } from "./figures.ts";
import { machine, versions } from "./machine.ts";

/** What a person reads: each figure with its target, and the same figures of other programs beside. */
export function table(name: string, benchmark: Benchmark, { figures, peers = {} }: Outcome): string {
  const { cpu, cores, memoryMb } = machine();
  const { antibody, node } = versions();
  const columns = ["antibody", ...Object.keys(peers)];
  const rows = rowsOf([figures, ...Object.values(peers)]);
  const lines = [
    ["", "target", ...columns],
    ...rows.map(([figure, values]) => [figure, benchmark.targets[figure] ?? "", ...values]),
  ];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const text = lines.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths?.[0] ?? 0) : cell.padStart(widths?.[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  const head = `${name}: ${benchmark.summary}\n${cores} × ${cpu}, ${memoryMb} MB, Node ${node}, ${antibody}\n`;
  return `${head}\n${text.join("\n")}\n`;
}

/** Every figure that anybody has, in the order of first mention, with a cell for each column. */
function rowsOf(columns: readonly Figures[]): readonly (readonly [string, readonly string[]])[] {
  const names = [...new Set(columns.flatMap((figures) => Object.keys(figures)))];
  return names.map((name) => [name, columns.map((figures) => String(figures[name] ?? "–"))]);
}
