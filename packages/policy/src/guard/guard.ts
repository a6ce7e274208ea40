import type { Rejection } from "../rejection.ts";
import type { Contexts } from "./contexts.ts";

/** A rejection that says where in the text the fault is. */
export interface GuardRejection extends Rejection {
  /** In UTF-16 code units, from 0. */
  readonly offset: number;
}
/** A compiled guard. */
export interface Guard {
  readonly text: string;
  /** The contexts that it asks for, sorted. */
  readonly contexts: readonly string[];
}
/** Compiles a guard. */
export declare function compileGuard(text: string): Guard | GuardRejection;
/** Evaluates a guard. */
export declare function evaluateGuard(guard: Guard, contexts: Contexts): boolean | Rejection;
