/** A workload kept in a file, to be played again bit for bit: a head line, then a line for each request. */
import { GollamaError } from '../../src/base/errors.js';
import { isJsonObject, parseJsonObject } from '../../src/protocol/json-object.js';
import type { WorkItem } from '../plan.js';
import { type Workload, workLine, workloadHash } from './workload.js';

const SCHEMA = 'gollama.workload/v1';

export function workloadText(workload: Pick<Workload, 'source' | 'prompts'>, items: Iterable<WorkItem>): string {
  const lines = Array.from(items, workLine);
  const head = {
    schema: SCHEMA,
    source: workload.source,
    prompts: workload.prompts,
    requests: lines.length,
    hash: workloadHash(items),
  };
  return [JSON.stringify(head), ...lines, ''].join('\n');
}

export interface KeptWorkload extends Workload {
  readonly requests: number;
  readonly hash: string;
}

/** Throws `usage` where the text is no workload, or was changed since it was saved. */
export function parseWorkload(text: string, file: string): KeptWorkload {
  const [first = '', ...lines] = text.split('\n').filter((line) => line.trim() !== '');
  const head = parseJsonObject(Buffer.from(first));
  if (head?.schema !== SCHEMA)
    throw new GollamaError('usage', `${file} is no workload file: its first line lacks "${SCHEMA}"`);
  const items = lines.map((line, at) => itemOf(line, `${file}:${at + 2}`));
  if (items.length === 0) throw new GollamaError('usage', `${file} holds no request`);
  const hash = workloadHash(items);
  if (head.hash !== hash) {
    throw new GollamaError('usage', `${file} was changed since it was saved: its requests do not match its hash`, {
      hint: `if that was meant, put "${hash}" into its first line`,
    });
  }
  return {
    source: typeof head.source === 'string' ? head.source : file,
    prompts: head.prompts === 'repeat' || head.prompts === 'unique' ? head.prompts : 'listed',
    requests: items.length,
    hash,
    item: (index) => items[index],
  };
}

function itemOf(line: string, where: string): WorkItem {
  const object = parseJsonObject(Buffer.from(line));
  const messages = Array.isArray(object?.messages) ? object.messages.filter(isJsonObject) : [];
  if (object === undefined || messages.length === 0 || typeof object.max_tokens !== 'number') {
    throw new GollamaError('usage', `${where}: expected {"messages": [...], "max_tokens": N}`);
  }
  return {
    messages: messages.map(({ role, content }) => ({ role: String(role), content: String(content) })),
    maxTokens: object.max_tokens,
    ...(typeof object.due_ms === 'number' ? { dueMs: object.due_ms } : {}),
  };
}
