/**
 * Messages of the AI SDK (`UIMessage`: a role and parts) as messages of a chat task. Pure. Parts that say nothing to a model
 * (sources, data for the page, reasoning of earlier answers) are left out.
 */
import { GollamaError } from '../../base/errors.js';
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import type { ChatMessage } from '../../protocol/task.js';
import { kindOf } from '../../protocol/task-payload.js';

const ROLES = ['system', 'user', 'assistant'];

/** Throws `invalid_request` that names the part at fault. */
export function chatMessages(messages: unknown): ChatMessage[] {
  if (!Array.isArray(messages))
    throw invalid('messages', `must be a list of messages, got ${kindOf(messages ?? null)}`);
  if (messages.length === 0) throw invalid('messages', 'must not be empty');
  return messages.flatMap((message, at) => chatMessage(message, `messages[${at}]`));
}

function chatMessage(message: unknown, name: string): ChatMessage[] {
  if (!isJsonObject(message)) throw invalid(name, `must be an object with role and parts, got ${kindOf(message)}`);
  const { role, parts, content } = message;
  if (typeof role !== 'string' || !ROLES.includes(role)) throw invalid(`${name}.role`, `must be ${ROLES.join(', ')}`);
  // Older versions of the SDK, and whoever writes a message by hand.
  if (parts === undefined && typeof content === 'string') return [{ role, content }];
  if (!Array.isArray(parts)) throw invalid(`${name}.parts`, `must be a list of parts, got ${kindOf(parts ?? null)}`);
  const steps = splitSteps(parts.map((part, at) => partOf(part, `${name}.parts[${at}]`)));
  return steps.flatMap((step) => stepMessages(role, step));
}

interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  /** Undefined where it has no answer yet. */
  readonly output: string | undefined;
}

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'image'; readonly base64: string }
  | { readonly kind: 'call'; readonly call: ToolCall }
  | { readonly kind: 'step' }
  | { readonly kind: 'other' };

function partOf(part: unknown, name: string): Part {
  if (!isJsonObject(part) || typeof part.type !== 'string') throw invalid(name, 'must be an object with a type');
  const { type } = part;
  if (type === 'text') {
    if (typeof part.text !== 'string')
      throw invalid(`${name}.text`, `must be a string, got ${kindOf(part.text ?? null)}`);
    return { kind: 'text', text: part.text };
  }
  if (type === 'file') return filePart(part, name);
  if (type === 'step-start') return { kind: 'step' };
  if (type === 'dynamic-tool') return { kind: 'call', call: toolCall(part, String(part.toolName), name) };
  if (type.startsWith('tool-')) return { kind: 'call', call: toolCall(part, type.slice('tool-'.length), name) };
  return { kind: 'other' };
}

/** Models here see images, and read texts. */
function filePart({ mediaType, url }: JsonObject, name: string): Part {
  const [, base64] = /^data:[^,]*;base64,([\s\S]*)$/.exec(typeof url === 'string' ? url : '') ?? [];
  if (base64 === undefined) throw invalid(`${name}.url`, 'must be a data URL in base64: nothing is fetched');
  const type = String(mediaType);
  if (type.startsWith('image/')) return { kind: 'image', base64 };
  if (type.startsWith('text/')) return { kind: 'text', text: Buffer.from(base64, 'base64').toString('utf8') };
  throw invalid(`${name}.mediaType`, `"${type.slice(0, 100)}" is not understood: expected image/* or text/*`);
}

function toolCall({ toolCallId, state, input, output, errorText }: JsonObject, name: string, place: string): ToolCall {
  if (typeof toolCallId !== 'string') throw invalid(`${place}.toolCallId`, 'must be a string');
  const call = { id: toolCallId, name, input: input ?? {} };
  if (state === 'output-available') return { ...call, output: outputText(output) };
  return { ...call, output: state === 'output-error' ? String(errorText) : undefined };
}

function outputText(output: unknown): string {
  return typeof output === 'string' ? output : JSON.stringify(output ?? null);
}

/** One message of the page may hold several turns of the model, with the answers of tools between them. */
function splitSteps(parts: readonly Part[]): Part[][] {
  const steps: Part[][] = [[]];
  for (const part of parts) {
    if (part.kind === 'step') steps.push([]);
    else steps.at(-1)?.push(part);
  }
  return steps.filter((step) => step.length > 0);
}

function stepMessages(role: string, step: readonly Part[]): ChatMessage[] {
  const content = step.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  const images = step.flatMap((part) => (part.kind === 'image' ? [part.base64] : []));
  const calls = step.flatMap((part) => (part.kind === 'call' ? [part.call] : []));
  if (content === '' && images.length === 0 && calls.length === 0) return [];
  const toolCalls = calls.map(({ id, name, input }) => ({ id, function: { name, arguments: input } }));
  const said = {
    role,
    content,
    ...(images.length > 0 ? { images } : {}),
    ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
  };
  const answers = calls.flatMap(({ id, name, output }) => {
    return output === undefined ? [] : [{ role: 'tool', content: output, tool_name: name, tool_call_id: id }];
  });
  return [said, ...answers];
}

function invalid(param: string, problem: string): GollamaError {
  return new GollamaError('invalid_request', `${param} ${problem}`, { param });
}
