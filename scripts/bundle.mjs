// dist/antibody.mjs alone: what tests, demo and benchmarks run.
import { bundleModule } from "./build/bundle.mjs";

await bundleModule();
