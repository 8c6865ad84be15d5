// grpc-web, Google's client for browsers, on an XMLHttpRequest for Node.
import xhr2 from "xhr2";
import grpcWeb from "grpc-web";
import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { SCENARIOS, base64, headers, metadata, registry, task, tell, trailers } from "./common.mjs";

globalThis.XMLHttpRequest = xhr2.XMLHttpRequest;

const Line = registry.getMessage("calls.v1.Line");
const status = registry.getMessage("google.rpc.Status");
const identity = (bytes) => bytes;
const asBytes = (message) => toBinary(Line, message);
const asLine = (bytes) => fromBinary(Line, bytes);

const method = (path, kind, write, read) => new grpcWeb.MethodDescriptor(path, kind, Object, Object, write, read);

function path(name) {
  return name === "OwnWords" ? "/calls.v1.OwnWordsService/Say" : `/calls.v1.CallService/${name}`;
}

function told({ code, message, metadata: sent }) {
  const bytes = sent["grpc-status-details-bin"];
  const packed = bytes ? fromBinary(status, Buffer.from(bytes, "base64")).details : [];
  return {
    code,
    message,
    details: packed.map(({ typeUrl, value }) => [typeUrl.split("/")[1], base64(value)]),
    trailers: trailers((name) => sent[name]),
  };
}

function outcome(client, name, [message], { timeout, cancel } = {}) {
  const kind = name === "Count" ? "server_streaming" : "unary";
  const descriptor = method(path(name), kind, asBytes, asLine);
  const sent = timeout ? { ...headers, deadline: String(Date.now() + timeout) } : headers;
  const said = { answers: [] };
  return new Promise((resolve) => {
    const failed = (error) => resolve(timeout ? { code: error.code } : { answers: said.answers, ...told(error) });
    const done = (error, answer) => (error ? failed(error) : said.answers.push(toJson(Line, answer)));
    const input = create(Line, message);
    const url = `http://${task.rest}${path(name)}`;
    const call =
      kind === "unary" ? client.rpcCall(url, input, sent, descriptor, done) : client.serverStreaming(url, input, sent, descriptor);
    call.on("metadata", (found) => (said.metadata = metadata((name) => found[name])));
    call.on("status", (found) => {
      said.trailers = trailers((name) => found.metadata?.[name]);
      if (!found.code) setImmediate(() => resolve(said));
    });
    if (kind !== "unary") {
      call.on("data", (answer) => said.answers.push(toJson(Line, answer)));
      call.on("error", failed);
    }
  });
}

function echoed(client, text) {
  const name = "/transcoding.kinds.v1.KindService/Ask";
  const descriptor = method(name, "unary", identity, identity);
  return new Promise((resolve, reject) =>
    client.rpcCall(`http://${task.rest}${name}`, Buffer.from(text, "base64"), {}, descriptor, (error, answer) =>
      error ? reject(error) : resolve(base64(answer)),
    ),
  );
}

const outcomes = {};
for (const format of ["binary", "text"]) {
  const client = new grpcWeb.GrpcWebClientBase({ format });
  const found = (outcomes[`grpc-web-${format}`] = { scenarios: {}, kinds: [] });
  for (const [scenario, call] of Object.entries(SCENARIOS)) {
    if (!["Collect", "Talk"].includes(call[0]) && scenario !== "cancelled") {
      found.scenarios[scenario] = await outcome(client, ...call);
    }
  }
  for (const text of task.kinds) found.kinds.push(await echoed(client, text));
}
tell(outcomes);
process.exit(0);
