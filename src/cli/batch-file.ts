/** Files of tasks: a JSON list, or a task on each line (JSON Lines). Nothing is submitted unless all of it can be read. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { GollamaError, messageOf } from '../base/errors.js';
import { unreadableFile } from '../base/unreadable-file.js';
import { isJsonObject, type JsonObject } from '../protocol/json-object.js';
import { parseSubmission } from '../protocol/task-submission.js';
import { readStandardInput } from './question.js';

const FILE_BYTES_MAX = 512 * 1024 * 1024;
const PROBLEMS_SHOWN = 10;

/** For items that do not say. */
export interface ItemDefaults {
  readonly model?: string | undefined;
  readonly priority?: number | undefined;
}

interface Item {
  /** Where it stands: `tasks.jsonl:3`, `tasks.json[2]`. */
  readonly place: string;
  /** Undefined where it is no JSON. */
  readonly value: unknown;
  readonly problem?: string;
}

/** The text of that file; `-` is standard input. Throws `usage`. */
export async function readBatchFile(path: string): Promise<string> {
  if (path === '-') return readStandardInput('pipe the tasks in, or name a file with --file');
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      if (size > FILE_BYTES_MAX) throw new Error('it is larger than 512 MiB');
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (thrown) {
    throw unreadableFile(path, thrown, 'name another file with --file; - is standard input');
  }
}

/**
 * The tasks as they are sent, each with an idempotency key: the one of its own, or one of the file's content, its place
 * there and `runKey`. So the same file with the same key is the same tasks again. Throws `usage` with every problem, one a line.
 */
export function parseBatch(name: string, text: string, defaults: ItemDefaults, runKey: string): readonly JsonObject[] {
  const items = itemsOf(name, text.replace(/^\ufeff/, ''));
  const problems: string[] = [];
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const tasks = items.map((item, index) => {
    const task = taskOf(item, defaults, problems);
    return { idempotency_key: `${hash}-${index}-${runKey}`, ...task };
  });
  if (problems.length > 0) throw invalid(problems);
  if (tasks.length > 0) return tasks;
  throw new GollamaError('usage', `${name} has no tasks`, { hint: 'a JSON list of tasks, or one task on each line' });
}

function taskOf(item: Item, { model, priority }: ItemDefaults, problems: string[]): JsonObject {
  const { value, place } = item;
  const given = isJsonObject(value) ? withoutEmptyKey(value) : value;
  const task = isJsonObject(given)
    ? { ...(model === undefined ? {} : { model }), ...(priority === undefined ? {} : { priority }), ...given }
    : given;
  try {
    if (item.problem !== undefined) throw new Error(item.problem);
    parseSubmission(task, { nowMs: 0 });
  } catch (thrown) {
    problems.push(`${place}: ${messageOf(thrown).replace(/^task validation failed: /, '')}`);
  }
  return isJsonObject(task) ? task : {};
}

/** An empty or absent key is none: ours goes there. */
function withoutEmptyKey({ idempotency_key: key, ...rest }: JsonObject): JsonObject {
  return key === undefined || key === null || key === '' ? rest : { ...rest, idempotency_key: key };
}

function itemsOf(name: string, text: string): readonly Item[] {
  if (!/^\s*\[/.test(text)) return linesOf(name, text);
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (thrown) {
    // A line of JSON Lines that is a list is no task: its own message is better.
    throw invalid([`${name}: ${messageOf(thrown)}`]);
  }
  return (list as unknown[]).map((value, index) => ({ place: `${name}[${index}]`, value }));
}

function linesOf(name: string, text: string): readonly Item[] {
  return text.split('\n').flatMap((line, index): Item[] => {
    if (line.trim() === '') return [];
    const place = `${name}:${index + 1}`;
    try {
      return [{ place, value: JSON.parse(line) as unknown }];
    } catch (thrown) {
      return [{ place, value: undefined, problem: messageOf(thrown) }];
    }
  });
}

function invalid(problems: readonly string[]): GollamaError {
  const more = problems.length > PROBLEMS_SHOWN ? [`and ${problems.length - PROBLEMS_SHOWN} more`] : [];
  return new GollamaError('usage', [...problems.slice(0, PROBLEMS_SHOWN), ...more].join('\n'), {
    hint: 'nothing was submitted; an item is {"type","model","messages"|"prompt"|"input", "priority", ...}',
  });
}
