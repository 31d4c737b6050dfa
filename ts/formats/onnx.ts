import { MessageWriter } from "./protobuf.js";

/** An attribute of an operator: a whole number, a float, text or whole numbers. */
export type OnnxAttribute = { readonly int: number } | { readonly float: number } | string | readonly number[];

/** One operator of a graph; the empty string stands for an input that is left out. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A constant: floats, or whole numbers of 64 bits. */
export interface OnnxConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** An input or output of floats; an axis is a size, or the name of one that is chosen at run time. */
export interface OnnxValue {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/** A network as ONNX. */
export interface OnnxModel {
  readonly opset: number;
  readonly irVersion: number;
  readonly producer: string;
  readonly producerVersion: string;
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly metadata: Readonly<Record<string, string>>;
}

// Numbers of fields and of types: onnx/onnx.proto of the ONNX project.
const FLOAT = 1;
const INT64 = 7;

/** The bytes of an .onnx file. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const graph = new MessageWriter();
  for (const node of model.nodes) graph.bytes(1, encodeNode(node));
  graph.bytes(2, model.name);
  for (const constant of model.constants) graph.bytes(5, encodeConstant(constant));
  for (const input of model.inputs) graph.bytes(11, encodeValue(input));
  for (const output of model.outputs) graph.bytes(12, encodeValue(output));
  const message = new MessageWriter()
    .integer(1, model.irVersion)
    .bytes(2, model.producer)
    .bytes(3, model.producerVersion)
    .bytes(7, graph)
    .bytes(8, new MessageWriter().bytes(1, "").integer(2, model.opset));
  for (const [key, value] of Object.entries(model.metadata))
    message.bytes(14, new MessageWriter().bytes(1, key).bytes(2, value));
  return message.finish();
}

function encodeNode({ op, inputs, outputs, attributes }: OnnxNode): MessageWriter {
  const message = new MessageWriter();
  for (const input of inputs) message.bytes(1, input);
  for (const output of outputs) message.bytes(2, output);
  message.bytes(3, outputs[0] ?? op).bytes(4, op);
  for (const [name, value] of Object.entries(attributes)) message.bytes(5, encodeAttribute(name, value));
  return message;
}

function encodeAttribute(name: string, value: OnnxAttribute): MessageWriter {
  const message = new MessageWriter().bytes(1, name);
  if (typeof value === "string") return message.bytes(4, value).integer(20, 3);
  if ("int" in value) return message.integer(3, value.int).integer(20, 2);
  if ("float" in value) return message.float(2, value.float).integer(20, 1);
  for (const entry of value) message.integer(8, entry);
  return message.integer(20, 7);
}

function encodeConstant({ name, shape, data }: OnnxConstant): MessageWriter {
  const message = new MessageWriter();
  for (const size of shape) message.integer(1, size);
  return message
    .integer(2, data instanceof Float32Array ? FLOAT : INT64)
    .bytes(8, name)
    .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function encodeValue({ name, shape }: OnnxValue): MessageWriter {
  const dimensions = new MessageWriter();
  for (const size of shape) {
    const dimension = new MessageWriter();
    dimensions.bytes(1, typeof size === "number" ? dimension.integer(1, size) : dimension.bytes(2, size));
  }
  const tensor = new MessageWriter().integer(1, FLOAT).bytes(2, dimensions);
  return new MessageWriter().bytes(1, name).bytes(2, new MessageWriter().bytes(1, tensor));
}
