import type { View, ViewInput } from "./types.ts";
/** What policy asks of this device. */
export declare function view(input: ViewInput): View;
