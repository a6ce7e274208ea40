import type { Output, PeerMessage } from "@antibody/core";
import type { Trace } from "./trace.ts";

type Probe = Extract<PeerMessage, { readonly type: "probe" }>;
type Ack = Extract<PeerMessage, { readonly type: "ack" }>;

/** Marks of the two messages that make up nearly all traffic; every other output is hashed as a plain value. */
const probeMark = 1;
const ackMark = 2;
const otherMark = 3;

/** Adds one output to a trace, with everything in it. The most frequent ones are spelled out, for speed alone. */
export function traceOutput(trace: Trace, output: Output): void {
  if (output.type === "send") {
    const { to, message } = output;
    if (message.type === "probe") {
      traceProbe(trace, to, message);
      return;
    }
    if (message.type === "ack") {
      traceAck(trace, to, message);
      return;
    }
  }
  trace.word(otherMark);
  trace.value(output);
}

function traceProbe(trace: Trace, to: string, { sequence, digests, accusation }: Probe): void {
  trace.word(probeMark);
  trace.text(to);
  trace.number(sequence);
  trace.text(digests.members);
  trace.text(digests.policy);
  trace.value(accusation);
}

function traceAck(trace: Trace, to: string, { sequence, digests, incarnation }: Ack): void {
  trace.word(ackMark);
  trace.text(to);
  trace.number(sequence);
  trace.text(digests.members);
  trace.text(digests.policy);
  for (const part of incarnation) trace.number(part);
}
