// Prints the hash of one run: `node hashOf.ts SCENARIO AGENTS SEED`. A process of its own shares no state with a test.
import { runScenario } from "../src/index.ts";

const [scenario = "", agents, seed] = process.argv.slice(2);
const report = await runScenario({ scenario, agents: Number(agents), seed: Number(seed) });
process.stdout.write(`${report.hash}\n`);
