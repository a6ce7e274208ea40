/** An object of fields, as plain values are made of. */
export interface PlainFields {
  readonly [field: string]: unknown;
}

/** What a plain value is told to, part by part. */
export interface PlainSink {
  constant(value: boolean | null | undefined): void;
  number(value: number): void;
  text(value: string): void;
  /** Bytes are never changed after they were made. */
  bytes(value: Uint8Array): void;
  /** So many items follow. */
  list(length: number): void;
  /** How the fields of an object are told is the sink's own matter: it has each value told by `tellPlain`. */
  fields(value: PlainFields): void;
}

/** Tells a plain value: JSON, bytes, `undefined`, infinite numbers. Throws for what is none. */
export function tellPlain(value: unknown, sink: PlainSink): void {
  switch (typeof value) {
    case "number":
      sink.number(value);
      return;
    case "string":
      sink.text(value);
      return;
    case "boolean":
    case "undefined":
      sink.constant(value);
      return;
    case "object":
      tellObject(value, sink);
      return;
    default:
      throw new Error(`A ${typeof value} is no plain value`);
  }
}

function tellObject(value: object | null, sink: PlainSink): void {
  if (value === null) sink.constant(value);
  else if (value instanceof Uint8Array) sink.bytes(value);
  else if (Array.isArray(value)) {
    sink.list(value.length);
    for (const item of value) tellPlain(item, sink);
  } else sink.fields(value as PlainFields);
}
