// @grpc/grpc-js, which speaks gRPC.
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { fromBinary, toJson } from "@bufbuild/protobuf";
import { SCENARIOS, base64, descriptors, headers, metadata, registry, task, tell, trailers } from "./common.mjs";

const definitions = loader.loadFileDescriptorSetFromBuffer(descriptors, { keepCase: false });
const loaded = grpc.loadPackageDefinition(definitions);
const credentials = grpc.credentials.createInsecure();
const calls = new loaded.calls.v1.CallService(task.grpc, credentials);
const ownWords = new loaded.calls.v1.OwnWordsService(task.grpc, credentials);
const kinds = definitions["transcoding.kinds.v1.KindService"].Ask;
const status = registry.getMessage("google.rpc.Status");

function given() {
  const made = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers)) made.set(name, value);
  return made;
}

const first = (found) => (name) => found?.get(name)[0];

function told({ code, details, metadata: sent }) {
  const [bytes] = sent?.get("grpc-status-details-bin") ?? [];
  const packed = bytes ? fromBinary(status, bytes).details : [];
  return {
    code,
    message: details,
    details: packed.map(({ typeUrl, value }) => [typeUrl.split("/")[1], base64(value)]),
    trailers: trailers(first(sent)),
  };
}

// The message in proto3 JSON, as the other clients print it.
function printed(definition, message) {
  const type = registry.getMessage(`calls.v1.${definition.responseType.type.name}`);
  return toJson(type, fromBinary(type, definition.responseSerialize(message)));
}

function outcome(name, messages, { timeout, cancel } = {}) {
  const client = name === "OwnWords" ? ownWords : calls;
  const method = name === "OwnWords" ? "Say" : name;
  const definition = client.constructor.service[method];
  const options = timeout ? { deadline: Date.now() + timeout } : {};
  const said = { answers: [] };
  return new Promise((resolve) => {
    const done = (_, answer) => answer && said.answers.push(printed(definition, answer));
    const sent = definition.requestStream ? [] : [messages[0]];
    const more = definition.responseStream ? [] : [done];
    const call = client[method](...sent, given(), options, ...more);
    call.on("metadata", (found) => (said.metadata = metadata(first(found))));
    call.on("data", (message) => said.answers.push(printed(definition, message)));
    call.on("error", () => {}); // The status tells of it.
    call.on("status", (found) => setImmediate(() => resolve(ended(said, found, timeout || cancel))));
    if (definition.requestStream) {
      for (const message of messages) call.write(message);
      call.end();
    }
    if (cancel) setTimeout(() => call.cancel(), cancel);
  });
}

function ended(said, found, brief) {
  if (!found.code) return { ...said, trailers: trailers(first(found.metadata)) };
  return brief ? { code: found.code } : { answers: said.answers, ...told(found) };
}

function echoed(text) {
  const bytes = Buffer.from(text, "base64");
  return new Promise((resolve, reject) =>
    new grpc.Client(task.grpc, credentials).makeUnaryRequest(kinds.path, (sent) => sent, base64, bytes, (error, answer) =>
      error ? reject(error) : resolve(answer),
    ),
  );
}

const outcomes = { scenarios: {}, kinds: [] };
for (const [scenario, call] of Object.entries(SCENARIOS)) outcomes.scenarios[scenario] = await outcome(...call);
for (const text of task.kinds) outcomes.kinds.push(await echoed(text));
tell({ "grpc-js": outcomes });
process.exit(0);
