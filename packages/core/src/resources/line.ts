import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { ResourceType } from "../contract/resource.ts";
import { promiseReader } from "./parts/define.ts";
import { editType, oneLine } from "./parts/edit.ts";
import { type CommonPromise, commonFields } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { privateField } from "./parts/private.ts";

/** One line of a file, kept among what others wrote there. */
export type LinePromise = CommonPromise & {
  /** The line, without its end. Mandatory but where `absent` names what begins a line. */
  readonly line?: string;
  /** Lines that begin so are in the place of the promised one: the first becomes it, others go. */
  readonly begins?: string;
  /** Neither the line nor one that begins so may be there. */
  readonly absent?: true;
  /** What it says is nobody else's business: it is kept out of incidents, logs, recordings and screens. */
  readonly private?: true;
};

const promiseShape: Shape<LinePromise> = onDemand(() =>
  z
    .strictObject({
      line: z.exactOptional(oneLine).check(z.describe("The line, without its end")),
      begins: z
        .exactOptional(oneLine.check(z.minLength(1)))
        .check(z.describe("Lines that begin so stand in its place: the first becomes the line, others go")),
      absent: z.exactOptional(z.literal(true)).check(z.describe("No such line may be there")),
      private: z.exactOptional(privateField),
      ...commonFields,
    })
    .check(
      z.refine(
        ({ line, begins, absent }) => line !== undefined || (absent === true && begins !== undefined),
        "expected line; or begins, and absent",
      ),
    ),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readLinePromise: (promise: ResourcePromise) => LinePromise = promiseReader("line", promiseShape);

/** One line of a file. */
export const lineType: ResourceType = editType("line", promiseShape);
