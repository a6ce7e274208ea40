// The parts of an executable, one behind the other, as `parts.cjs` reads them from the end of its file.
import { readFileSync } from "node:fs";

/** Files by their names, to be put at the end of a file of `offset` bytes: their bytes, their places, how long that list is. */
export function archiveOf(files, offset) {
  const contents = [];
  const places = [];
  let place = offset;
  for (const [name, path] of Object.entries(files)) {
    const content = readFileSync(path);
    contents.push(content);
    places.push([name, [place, content.length]]);
    place += content.length;
  }
  const list = Buffer.from(JSON.stringify(places), "latin1");
  const listBytes = Buffer.alloc(4);
  listBytes.writeUInt32LE(list.length);
  return Buffer.concat([...contents, list, listBytes]);
}
