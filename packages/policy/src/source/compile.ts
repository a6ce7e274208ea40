import type { CheckPromise, CompiledSource } from "./types.ts";
/** Compiles a policy file. */
export declare function compileSource(
  text: string,
  fileName: string,
  checkPromise: CheckPromise,
): CompiledSource;
