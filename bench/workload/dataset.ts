/** Work from files: ShareGPT's conversations, and lines of JSON. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { GollamaError, messageOf } from '../../src/base/errors.js';
import { unreadableFile } from '../../src/base/unreadable-file.js';
import { isJsonObject, type JsonObject } from '../../src/protocol/json-object.js';
import type { Conversation } from './prompts.js';

export interface Dataset {
  readonly source: string;
  readonly conversations: readonly Conversation[];
}

/** `sharegpt:FILE` or `jsonl:FILE`. Throws `usage`. */
export async function readDataset(text: string): Promise<Dataset> {
  const match = text.match(/^(sharegpt|jsonl):(.+)$/);
  const file = match?.[2];
  if (file === undefined) {
    throw new GollamaError('usage', `--dataset ${text}: expected sharegpt:FILE or jsonl:FILE`);
  }
  const content = await readText(file);
  const conversations = match?.[1] === 'sharegpt' ? fromShareGpt(content, file) : fromLines(content, file);
  if (conversations.length === 0) throw new GollamaError('usage', `${file} has no prompt that could be sent`);
  return { source: `${match?.[1]}:${basename(file)}`, conversations };
}

/** Throws `usage`. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadableFile(file, error);
  }
}

/**
 * A list of `{"conversations": [{"from": "human" | "gpt" | "system", "value"}]}`: the first words of the human are sent, with
 * a system message before them; as long an answer as the one that follows would be is not asked for.
 */
function fromShareGpt(content: string, file: string): Conversation[] {
  const list = parse(content, file);
  if (!Array.isArray(list)) throw new GollamaError('usage', `${file} is no ShareGPT file: expected a list`);
  return list.flatMap((entry: unknown): Conversation[] => {
    const turns =
      isJsonObject(entry) && Array.isArray(entry.conversations) ? entry.conversations.filter(isJsonObject) : [];
    const first = turns.findIndex(({ from }) => from === 'human' || from === 'user');
    if (first < 0) return [];
    const messages = turns.slice(0, first + 1).flatMap(({ from, value }) => {
      if (typeof value !== 'string' || value === '') return [];
      return [{ role: from === 'system' ? 'system' : 'user', content: value }];
    });
    return messages.length === 0 ? [] : [{ messages }];
  });
}

/** A line each: `{"prompt"}`, `{"messages"}`, both with `"max_tokens"` if wanted, or a bare JSON text. */
function fromLines(content: string, file: string): Conversation[] {
  return content.split('\n').flatMap((line, at): Conversation[] => {
    if (line.trim() === '') return [];
    const value = parse(line, `${file}:${at + 1}`);
    const conversation = typeof value === 'string' ? asked(value) : isJsonObject(value) ? fromObject(value) : undefined;
    if (conversation === undefined) {
      throw new GollamaError('usage', `${file}:${at + 1}: expected {"prompt": "..."} or {"messages": [...]}`);
    }
    return [conversation];
  });
}

function fromObject(object: JsonObject): Conversation | undefined {
  const limit = typeof object.max_tokens === 'number' ? { maxTokens: object.max_tokens } : {};
  if (typeof object.prompt === 'string') return { ...asked(object.prompt), ...limit };
  if (!Array.isArray(object.messages)) return undefined;
  const messages = object.messages.filter(isJsonObject).map(({ role, content }) => ({
    role: String(role),
    content: typeof content === 'string' ? content : JSON.stringify(content),
  }));
  return messages.length === 0 ? undefined : { messages, ...limit };
}

function asked(content: string): Conversation {
  return { messages: [{ role: 'user', content }] };
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new GollamaError('usage', `${where} is no JSON: ${messageOf(error)}`, { cause: error });
  }
}
