/** The tasks of the benchmark: chats of about a kilobyte, answered with half of one. */
import type { TaskSubmission } from '../../src/protocol/task.js';
import { encodeBody } from '../../src/tasks/task-body.js';
import type { NewTask } from '../../src/tasks/task-store.js';

const PRIORITIES = [15, 10, 5, 1];
export const MODELS = ['llama3.2:3b', 'qwen3:8b', 'gemma3:4b', 'mistral:7b', 'phi4:14b'];
export const MODEL = 'llama3.2:3b';

const WORDS = 'the quick brown fox jumps over a lazy dog while models answer questions about queues and disks'.split(
  ' ',
);
const BODIES = 64;

function prose(chars: number, seed: number): string {
  let text = '';
  for (let at = seed; text.length < chars; at += 7) text += `${WORDS[at % WORDS.length]} `;
  return text.slice(0, chars);
}

const SUBMISSIONS: readonly TaskSubmission[] = Array.from({ length: BODIES }, (_, at) => ({
  type: 'chat',
  model: MODEL,
  payload: {
    messages: [
      { role: 'system', content: prose(160, at) },
      { role: 'user', content: prose(700, at + 1) },
    ],
  },
  options: { temperature: 0.7, num_ctx: 4096 },
}));
const STORED = SUBMISSIONS.map(encodeBody);

/** The text of an answer. */
export const ANSWER = prose(500, 3);
/** As a task keeps it. */
export const RESULT = JSON.stringify({ model: MODEL, message: { role: 'assistant', content: ANSWER }, done: true });

/** The `at`th task, as a client would send it. */
export function submission(at: number, model: string = MODEL): TaskSubmission {
  const { payload, options } = SUBMISSIONS[at % BODIES] ?? { payload: { prompt: '' }, options: null };
  return { type: 'chat', model, payload, options, priority: priorityOf(at) };
}

/** The same as a store takes it. */
export function newTask(at: number, model: string = MODEL): NewTask {
  return {
    owner: 'bench',
    type: 'chat',
    model,
    priority: priorityOf(at),
    retriesMax: 3,
    dueAtMs: undefined,
    body: STORED[at % BODIES] ?? '{}',
    givenId: undefined,
    idempotencyKey: undefined,
    notify: false,
  };
}

function priorityOf(at: number): number {
  return PRIORITIES[at % PRIORITIES.length] ?? 5;
}
