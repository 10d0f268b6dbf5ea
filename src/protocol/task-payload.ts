/** What a task asks, checked member by member. Members that are not known here are kept as they are. */
import { GollamaError } from '../base/errors.js';
import { isJsonObject, type JsonObject } from './json-object.js';
import type { ChatMessage, TaskPayload, TaskType } from './task.js';

type Check = (value: unknown, name: string) => unknown;

interface Rule {
  readonly check: Check;
  readonly isRequired: boolean;
}

const required = (check: Check): Rule => ({ check, isRequired: true });
const optional = (check: Check): Rule => ({ check, isRequired: false });

const RULES: Readonly<Record<TaskType, Readonly<Record<string, Rule>>>> = {
  chat: { messages: required(messageList), system: optional(text), stream: optional(flag) },
  generate: {
    prompt: required(text),
    system: optional(text),
    template: optional(text),
    raw: optional(flag),
    stream: optional(flag),
  },
  embed: { input: required(textOrTexts), truncate: optional(flag) },
};

/** A payload of that type. Throws `invalid_request` that names the member at fault, such as `payload.messages[0].role`. */
export function parsePayload(type: TaskType, value: unknown): TaskPayload {
  if (!isJsonObject(value)) throw invalidTask('payload', `must be an object, got ${kindOf(value)}`);
  const payload: JsonObject = { ...value };
  for (const [member, { check, isRequired }] of Object.entries(RULES[type])) {
    const name = `payload.${member}`;
    if (value[member] !== undefined && value[member] !== null) payload[member] = check(value[member], name);
    else if (isRequired) throw invalidTask(name, `is required for ${type} tasks`);
    else delete payload[member];
  }
  return payload as unknown as TaskPayload;
}

/**
 * The payload of an item of a batch file, whose members stand beside `type`; undefined where there are none. `type` is
 * anything a client sent.
 */
export function besidePayload(type: string, item: JsonObject): JsonObject | undefined {
  const known: Readonly<Record<string, unknown>> = Object.hasOwn(RULES, type) ? RULES[type as TaskType] : {};
  const members = Object.keys(known).filter((member) => item[member] !== undefined && item[member] !== null);
  return members.length === 0 ? undefined : Object.fromEntries(members.map((member) => [member, item[member]]));
}

export function invalidTask(name: string, problem: string): GollamaError {
  return new GollamaError('invalid_request', `task validation failed: ${name} ${problem}`, { param: name });
}

/** What a JSON value is, for messages. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalidTask(name, `must be a string, got ${kindOf(value)}`);
  return value;
}

function flag(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw invalidTask(name, `must be true or false, got ${kindOf(value)}`);
  return value;
}

function textOrTexts(value: unknown, name: string): string | readonly string[] {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) throw invalidTask(name, `must be a string or a list of strings, got ${kindOf(value)}`);
  return value.map((item, at) => text(item, `${name}[${at}]`));
}

function messageList(value: unknown, name: string): readonly ChatMessage[] {
  if (!Array.isArray(value)) throw invalidTask(name, `must be a list of messages, got ${kindOf(value)}`);
  return value.map((item, at) => message(item, `${name}[${at}]`));
}

function message(value: unknown, name: string): ChatMessage {
  if (!isJsonObject(value)) throw invalidTask(name, `must be an object with role and content, got ${kindOf(value)}`);
  if (value.role === undefined) throw invalidTask(`${name}.role`, 'is required');
  const role = text(value.role, `${name}.role`);
  // The message of a tool call may have none.
  const content = text(value.content ?? '', `${name}.content`);
  const { images } = value;
  if (images === undefined || images === null) return { ...value, role, content };
  if (!Array.isArray(images)) throw invalidTask(`${name}.images`, `must be a list of strings, got ${kindOf(images)}`);
  return { ...value, role, content, images: images.map((image, at) => text(image, `${name}.images[${at}]`)) };
}
