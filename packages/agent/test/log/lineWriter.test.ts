import { expect, test } from "vitest";
import { LineWriter, waitingBytesMax } from "../../src/log/lineWriter.ts";

/** A reader that takes so many bytes and then none, until it is given room again. */
function slowReader(roomBytes: number): {
  readonly writer: LineWriter;
  read(): string;
  writeCount(): number;
  give(bytes: number): void;
  leave(): void;
} {
  let room = roomBytes;
  let text = "";
  let writeCount = 0;
  let gone = false;
  const failure = (code: string): Error => Object.assign(new Error(code), { code });
  const writer = new LineWriter({
    write: (bytes) => {
      if (gone) throw failure("EPIPE");
      if (room === 0) throw failure("EAGAIN");
      writeCount += 1;
      const taken = bytes.subarray(0, room);
      room -= taken.length;
      text += Buffer.from(taken).toString();
      return taken.length;
    },
    dropped: (count) => `dropped ${count}\n`,
  });
  return {
    writer,
    read: () => text,
    writeCount: () => writeCount,
    give: (bytes) => {
      room += bytes;
    },
    leave: () => {
      gone = true;
    },
  };
}

test("lines of one turn are written together at its end, while the reader takes them", async () => {
  const reader = slowReader(100);
  reader.writer.write("one\n");
  reader.writer.write("two\n");
  expect(reader.read()).toBe("");
  await Promise.resolve();
  expect(reader.read()).toBe("");
  await new Promise<void>((ticked) => process.nextTick(ticked));
  expect(reader.read()).toBe("one\ntwo\n");
  expect(reader.writeCount()).toBe(1);
  expect(reader.writer.waitingBytes).toBe(0);
});

test("a full reader is not waited for, and gets the rest of a line and those behind it in order", () => {
  const reader = slowReader(6);
  for (const line of ["one\n", "two\n", "three\n"]) reader.writer.write(line);
  reader.writer.flush();
  expect(reader.read()).toBe("one\ntw");
  reader.give(1);
  reader.writer.flush();
  expect(reader.read()).toBe("one\ntwo");
  reader.give(100);
  reader.writer.flush();
  expect(reader.read()).toBe("one\ntwo\nthree\n");
  expect(reader.writer.waitingBytes).toBe(0);
});

test("what waits is tried again without being asked", async () => {
  const reader = slowReader(0);
  reader.writer.write("one\n");
  reader.give(100);
  // The writer's own timer does not keep a process alive: this one does.
  await expect.poll(reader.read).toBe("one\n");
});

test("a full disk is tried again; only a closed pipe is not", async () => {
  const codes = ["ENOSPC", "EIO", undefined];
  let text = "";
  const writer = new LineWriter({
    write: (bytes) => {
      const code = codes.shift();
      if (code !== undefined) throw Object.assign(new Error(code), { code });
      text += Buffer.from(bytes).toString();
      return bytes.length;
    },
    dropped: () => "",
  });
  writer.write("one\n");
  for (const _refusal of ["ENOSPC", "EIO"]) writer.flush();
  expect(writer.waitingBytes).toBe(4);
  writer.flush();
  expect(text).toBe("one\n");
});

test("lines beyond the bound are dropped, and their number is told once the reader is back", () => {
  const reader = slowReader(0);
  const line = `${"x".repeat(1_023)}\n`;
  const fitting = waitingBytesMax / line.length;
  for (let count = 0; count < fitting + 3; count += 1) reader.writer.write(line);
  expect(reader.writer.waitingBytes).toBe(waitingBytesMax);
  reader.give(2 * waitingBytesMax);
  reader.writer.flush();
  expect(reader.read().length).toBe(waitingBytesMax + "dropped 3\n".length);
  expect(reader.read().endsWith("dropped 3\n")).toBe(true);
});

test("a reader that is gone costs nothing", () => {
  const reader = slowReader(0);
  reader.writer.write("one\n");
  reader.leave();
  reader.writer.flush();
  reader.writer.write("two\n");
  expect(reader.writer.waitingBytes).toBe(0);
  expect(reader.read()).toBe("");
});

test("the end writes what waits, and does not wait for ever", () => {
  const willing = slowReader(0);
  willing.writer.write("last\n");
  willing.give(5);
  willing.writer.end();
  expect(willing.read()).toBe("last\n");
  const stuck = slowReader(0);
  stuck.writer.write("last\n");
  stuck.writer.end();
  expect(stuck.read()).toBe("");
});
