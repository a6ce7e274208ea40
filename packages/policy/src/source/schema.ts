import type { Json } from "../json.ts";
/** JSON Schema of a policy file, for editors. */
export declare function sourceSchema(promiseSchemas: Readonly<Record<string, Json>>): Json;
