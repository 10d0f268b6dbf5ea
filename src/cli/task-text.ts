/** One task, as Ollama Queue's command line shows it; and behind that what came of it. */

import { printable } from '../base/printable.js';
import type { TaskPayload, TaskReport } from '../protocol/task.js';
import { answerOf } from './task-result.js';
import { timeText } from './task-time.js';

const LABEL_CHARACTERS = 13;
const PAYLOAD_CHARACTERS = 50;
const ANSWER_CHARACTERS = 200;

type Line = readonly [label: string, value: string];

export function taskText(task: TaskReport): string {
  const result = resultLines(task);
  return [
    `Task Status: ${printable(task.id)}`,
    '='.repeat(19),
    ...lined(headLines(task)),
    '',
    'Payload:',
    '='.repeat(8),
    ...lined(payloadLines(task)),
    ...(result.length > 0 ? ['', 'Result:', '='.repeat(7), ...lined(result)] : []),
  ].join('\n');
}

function headLines(task: TaskReport): readonly Line[] {
  const { started_at, completed_at, scheduled_at, retry_count, error } = task;
  return [
    ['Type', task.type],
    ['Model', printable(task.model)],
    ['Status', task.status],
    ['Priority', String(task.priority)],
    ['Created', timeText(task.created_at)],
    ...line('Started', started_at && timeText(started_at)),
    ...line('Completed', completed_at && timeText(completed_at)),
    ...line('Scheduled', scheduled_at && timeText(scheduled_at)),
    ...line('Retry Count', retry_count > 0 ? `${retry_count}/${task.max_retries}` : ''),
    ...line('Error', error && printable(error)),
  ];
}

function payloadLines({ type, payload }: TaskReport): readonly Line[] {
  const { messages, system, prompt, input } = payload as Partial<
    Record<'messages' | 'system' | 'prompt' | 'input', unknown>
  >;
  const told = typeof system === 'string' && system !== '' ? cut(system, PAYLOAD_CHARACTERS) : '';
  switch (type) {
    case 'chat':
      return [['Messages', String(Array.isArray(messages) ? messages.length : 0)], ...line('System', told)];
    case 'generate':
      return [['Prompt', cut(String(prompt), PAYLOAD_CHARACTERS)], ...line('System', told)];
    case 'embed':
      return [['Input', cut(inputText(input as TaskPayload), PAYLOAD_CHARACTERS)]];
  }
}

function inputText(input: unknown): string {
  return Array.isArray(input) ? `${input.length} texts: ${input.join(', ')}` : String(input);
}

function resultLines(task: TaskReport): readonly Line[] {
  if (task.result === undefined || task.result === null) return [];
  const { embeddings, prompt_eval_count, eval_count, done_reason } = task.result as {
    embeddings?: readonly (readonly number[])[];
    prompt_eval_count?: number;
    eval_count?: number;
    done_reason?: string;
  };
  const [vector] = embeddings ?? [];
  return [
    ...line('Engine', task.executed_on && printable(task.executed_on)),
    ...line('Answer', task.type === 'embed' ? '' : cut(answerOf(task), ANSWER_CHARACTERS)),
    ...line('Embeddings', embeddings && `${embeddings.length} of ${vector?.length ?? 0} numbers`),
    ...line('Tokens', prompt_eval_count === undefined ? '' : `${prompt_eval_count} in, ${eval_count ?? 0} out`),
    ...line('Ended by', done_reason && printable(done_reason)),
  ];
}

/** None where there is nothing to tell. */
function line(label: string, value: string | undefined): readonly Line[] {
  return value ? [[label, value]] : [];
}

function lined(lines: readonly Line[]): readonly string[] {
  return lines.map(([label, value]) => `${`${label}:`.padEnd(LABEL_CHARACTERS - 1)} ${value}`);
}

function cut(text: string, charactersMax: number): string {
  const characters = [...printable(text.replace(/\s+/g, ' ').trim())];
  return characters.length > charactersMax ? `${characters.slice(0, charactersMax).join('')}...` : characters.join('');
}
