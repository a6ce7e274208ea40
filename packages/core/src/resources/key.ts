import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { ResourceType } from "../contract/resource.ts";
import { promiseReader } from "./parts/define.ts";
import { editType, oneLine } from "./parts/edit.ts";
import { type CommonPromise, commonFields } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { privateField } from "./parts/private.ts";

/** One key of a file of keys and values, kept among what others wrote there. */
export type KeyPromise = CommonPromise & {
  /** Mandatory but where `absent`. */
  readonly value?: string;
  /** The key, where the name's label cannot say it. */
  readonly key?: string;
  /** The section, without brackets, that the key stands in; before the first one when not said. */
  readonly section?: string;
  /** Between key and value as it is written; `=` when not said. Spaces alone are taken for any white space. */
  readonly separator?: string;
  /** The key may not be there. */
  readonly absent?: true;
  /** What it says is nobody else's business: it is kept out of incidents, logs, recordings and screens. */
  readonly private?: true;
};

/** Between key and value where the promise does not say: what most files of settings use. */
export const keySeparatorDefault = "=";

const promiseShape: Shape<KeyPromise> = onDemand(() =>
  z
    .strictObject({
      value: z.exactOptional(oneLine).check(z.describe("The value, as it stands in the file")),
      key: z
        .exactOptional(oneLine.check(z.minLength(1)))
        .check(z.describe("The key, where the label of the name cannot say it")),
      section: z
        .exactOptional(oneLine.check(z.minLength(1)))
        .check(z.describe("The section, without brackets; before the first one when not said")),
      separator: z
        .exactOptional(oneLine.check(z.minLength(1), z.maxLength(8)))
        .check(z.describe("Between key and value as written, such as ' = ' or a space; '=' when not said")),
      absent: z.exactOptional(z.literal(true)).check(z.describe("The key may not be there")),
      private: z.exactOptional(privateField),
      ...commonFields,
    })
    .check(
      z.refine(
        ({ value, absent }) => (value === undefined) === (absent === true),
        "expected either value or absent",
      ),
    ),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readKeyPromise: (promise: ResourcePromise) => KeyPromise = promiseReader("key", promiseShape);

/** One key of a file. */
export const keyType: ResourceType = editType("key", promiseShape);
