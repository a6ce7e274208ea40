import { setImmediate as turn } from "node:timers/promises";
import { type GossipsubMessage, TopicValidatorResult } from "@libp2p/gossipsub";
import { expect, test } from "vitest";
import { Judging } from "../../../src/network/gossip/judging.ts";
import { gossipUnjudgedMax } from "../../../src/network/limits.ts";

/** As much of gossipsub as is judged: it hands on messages, and hears of verdicts. */
class Heard extends EventTarget {
  readonly verdicts: string[] = [];

  reportMessageValidationResult(messageId: string, from: string, verdict: TopicValidatorResult): void {
    this.verdicts.push(`${messageId} of ${from}: ${verdict}`);
  }

  bring(msgId: string): void {
    const detail = { msgId, propagationSource: "a peer" } as unknown as GossipsubMessage;
    this.dispatchEvent(new CustomEvent("gossipsub:message", { detail }));
  }
}

function judging(judge: (message: GossipsubMessage) => TopicValidatorResult): {
  readonly heard: Heard;
  readonly failures: string[];
  readonly judging: Judging;
} {
  const [heard, failures] = [new Heard(), [] as string[]];
  const made = new Judging(heard as never, judge, (detail) => failures.push(detail));
  made.start();
  return { heard, failures, judging: made };
}

test("messages of a turn are judged at its end, each once, in their order", async () => {
  const { heard } = judging(({ msgId }) =>
    msgId === "bad" ? TopicValidatorResult.Reject : TopicValidatorResult.Accept,
  );
  heard.bring("good");
  heard.bring("bad");
  expect(heard.verdicts).toEqual([]);
  await turn();
  expect(heard.verdicts).toEqual(["good of a peer: accept", "bad of a peer: reject"]);
  await turn();
  expect(heard.verdicts).toHaveLength(2);
});

test("more than may wait is judged at once", () => {
  const { heard } = judging(() => TopicValidatorResult.Accept);
  for (let n = 1; n < gossipUnjudgedMax; n += 1) heard.bring(`${n}`);
  expect(heard.verdicts).toEqual([]);
  heard.bring("one more");
  expect(heard.verdicts).toHaveLength(gossipUnjudgedMax);
});

test("what cannot be judged is told and takes none with it; after the end nothing is judged", async () => {
  const {
    heard,
    failures,
    judging: made,
  } = judging(({ msgId }) => {
    if (msgId === "broken") throw new Error("no judge");
    return TopicValidatorResult.Accept;
  });
  heard.bring("broken");
  heard.bring("good");
  await turn();
  expect(failures).toEqual(["could not judge a message: no judge"]);
  expect(heard.verdicts).toEqual(["good of a peer: accept"]);
  heard.bring("late");
  made.stop();
  heard.bring("later");
  await turn();
  expect(heard.verdicts).toHaveLength(1);
});
