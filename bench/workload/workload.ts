/** What is asked: a source of work items, the same for the same seed. */
import { createHash } from 'node:crypto';
import type { WorkItem } from '../plan.js';

export interface Workload {
  /** Where it comes from, for the report: `prompt`, `jsonl:questions.jsonl`, `synthetic in=512:64,out=128:0`. */
  readonly source: string;
  /** `repeat`: one prompt over and over, which a prompt cache answers; `unique`: no two alike; `listed`: as in the file. */
  readonly prompts: 'repeat' | 'unique' | 'listed';
  /** The work of request `index`; undefined: there is no more. */
  item(index: number): WorkItem | undefined;
}

/** SHA-256 over everything that these items ask, and when: two runs with the same hash did the same work. */
export function workloadHash(items: Iterable<WorkItem>): string {
  const hash = createHash('sha256');
  for (const item of items) hash.update(`${workLine(item)}\n`);
  return `sha256:${hash.digest('hex')}`;
}

/** An item as one line of JSON, its members always in the same order. */
export function workLine(item: WorkItem): string {
  const messages = item.messages.map(({ role, content }) => ({ role, content }));
  return JSON.stringify({
    messages,
    max_tokens: item.maxTokens,
    ...(item.dueMs === undefined ? {} : { due_ms: item.dueMs }),
  });
}
