// @connectrpc/connect over each of its transports: those of Node, and those of browsers, which Node's fetch serves, too.
import { createClient, ConnectError } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as web from "@connectrpc/connect-web";
import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { SCENARIOS, base64, headers, metadata, registry, task, tell, trailers } from "./common.mjs";

const rest = { baseUrl: `http://${task.rest}`, httpVersion: "1.1", jsonOptions: { registry } };
const TRANSPORTS = {
  "connect-json": createConnectTransport({ ...rest, useBinaryFormat: false }),
  "connect-proto": createConnectTransport({ ...rest, useBinaryFormat: true }),
  "connect-get-json": createConnectTransport({ ...rest, useBinaryFormat: false, useHttpGet: true }),
  "connect-get-proto": createConnectTransport({ ...rest, useBinaryFormat: true, useHttpGet: true }),
  "connect-grpc-web": createGrpcWebTransport({ ...rest, useBinaryFormat: true }),
  "connect-grpc-web-json": createGrpcWebTransport({ ...rest, useBinaryFormat: false }),
  "web-connect-json": web.createConnectTransport({ ...rest, useBinaryFormat: false }),
  "web-connect-proto": web.createConnectTransport({ ...rest, useBinaryFormat: true, useHttpGet: true }),
  "web-grpc-web": web.createGrpcWebTransport({ ...rest, useBinaryFormat: true }),
  "connect-grpc": createGrpcTransport({ baseUrl: `http://${task.grpc}` }),
};

const calls = registry.getService("calls.v1.CallService");
const ownWords = registry.getService("calls.v1.OwnWordsService");
const kinds = registry.getService("transcoding.kinds.v1.KindService");
const Line = registry.getMessage("calls.v1.Line");
const Kinds = registry.getMessage("transcoding.kinds.v1.Kinds");

async function* each(messages) {
  yield* messages;
}

function told(error) {
  const { code, rawMessage, details, metadata: sent } = ConnectError.from(error);
  return {
    code,
    message: rawMessage,
    details: details.map(({ type, value }) => [type, base64(value)]),
    trailers: trailers((name) => sent.get(name)),
  };
}

async function outcome(transport, name, messages, { timeout, cancel } = {}) {
  const client = createClient(name === "OwnWords" ? ownWords : calls, transport);
  const said = { answers: [] };
  const method = calls.methods.find((each) => each.name === name) ?? ownWords.methods[0];
  const inputs = messages.map((message) => create(Line, message));
  const options = {
    headers,
    timeoutMs: timeout,
    signal: cancel && AbortSignal.timeout(cancel),
    onHeader: (found) => (said.metadata = metadata((name) => found.get(name))),
    onTrailer: (found) => (said.trailers = trailers((name) => found.get(name))),
  };
  const input = method.methodKind.startsWith("server") || method.methodKind === "unary" ? inputs[0] : each(inputs);
  try {
    const answer = client[method.localName](input, options);
    if (method.methodKind === "unary" || method.methodKind === "client_streaming") {
      said.answers.push(toJson(method.output, await answer));
    } else {
      for await (const message of answer) said.answers.push(toJson(method.output, message));
    }
  } catch (error) {
    const { code, ...rest } = told(error);
    return timeout || cancel ? { code } : { answers: said.answers, code, ...rest };
  }
  return said;
}

async function echoed(transport, text) {
  const answer = await createClient(kinds, transport).ask(fromBinary(Kinds, Buffer.from(text, "base64")));
  return base64(toBinary(Kinds, answer));
}

const outcomes = {};
for (const [name, transport] of Object.entries(TRANSPORTS)) {
  outcomes[name] = { scenarios: {}, kinds: [] };
  for (const [scenario, call] of Object.entries(SCENARIOS)) {
    if (name.startsWith("web-") && ["Collect", "Talk"].includes(call[0])) continue; // fetch does not stream requests.
    outcomes[name].scenarios[scenario] = await outcome(transport, ...call);
  }
  for (const text of task.kinds) outcomes[name].kinds.push(await echoed(transport, text));
}
tell(outcomes);
process.exit(0);
