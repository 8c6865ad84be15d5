// What the clients are asked to do, read from standard input, and how they tell what came of it.
import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

// rest, grpc: host:port; descriptors: base64 of a FileDescriptorSet; kinds: base64 of Kinds messages.
export const task = JSON.parse(readFileSync(0, "utf8"));
export const descriptors = Buffer.from(task.descriptors, "base64");
export const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
export const headers = { authorization: "Bearer k", "x-custom": "1" };

export const base64 = (bytes) => Buffer.from(bytes).toString("base64");

const shown = (name, value) => (name.endsWith("-bin") ? base64(Buffer.from(value, "base64")) : value);
const present = (get, names) =>
  Object.fromEntries(names.filter((name) => get(name) != null).map((name) => [name, shown(name, get(name))]));

// What the servicer has sent; `get` gives the value of a header, or of a trailer.
export const metadata = (get) => present(get, ["x-kind", "x-kind-bin"]);
export const trailers = (get) => present(get, ["x-cost", "x-cost-bin"]);

export const line = (number, more = {}) => ({ text: "é", number, ...more });

// Each says what it calls: method, messages, options.
export const SCENARIOS = {
  say: ["Say", [line(7, { data: Buffer.from([255, 0]) })]],
  look: ["Look", [line(8)]],
  fails: ["Say", [line(0, { code: 5 })]],
  failsWithoutWords: ["Say", [{ code: 14 }]],
  inItsOwnWords: ["OwnWords", [line(0, { code: 9 })]],
  count: ["Count", [line(3)]],
  countNothing: ["Count", [line(0)]],
  countFails: ["Count", [line(2, { code: 8 })]],
  tooLarge: ["Say", [{ text: "a".repeat(200_000) }]],
  collect: ["Collect", [line(1), line(2), line(3)]],
  collectFails: ["Collect", [line(1), line(2, { code: 3 })]],
  talk: ["Talk", [line(1), line(2), line(3)]],
  late: ["Say", [{ wait: true }], { timeout: 100 }],
  cancelled: ["Say", [{ wait: true }], { cancel: 50 }],
};

export function tell(outcomes) {
  process.stdout.write(JSON.stringify(outcomes));
}
