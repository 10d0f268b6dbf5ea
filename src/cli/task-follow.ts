/** Follows the answer of a task to its end, and prints it on the way. */
import type { Client } from '../client/client.js';
import type { TaskReport } from '../protocol/task.js';
import { AnswerText } from './answer-text.js';
import { answerOf } from './task-result.js';

export interface Follower {
  readonly signal: AbortSignal;
  /** Takes the answer. */
  print(text: string): void;
  /** Takes what is to be known about it. */
  note(line: string): void;
}

/** The task when it has ended. Rejects as `Client.waitForTask`. */
export async function followAnswer(client: Client, id: string, follower: Follower): Promise<TaskReport> {
  const { signal, print, note } = follower;
  const answer = new AnswerText();
  let printed = '';
  for await (const event of client.streamTask(id, { signal })) {
    const { text, isAnew } = answer.read(event);
    if (text === '') continue;
    if (isAnew) {
      print('\n');
      note('the answer was begun again; all of it:');
    }
    print(text);
    printed = text;
  }
  const task = await client.waitForTask(id, { signal });
  // Not what streams carry: embeddings, and answers whose log is not kept.
  if (printed === '' && task.status === 'completed') {
    printed = answerOf(task);
    print(printed);
  }
  if (printed !== '' && !printed.endsWith('\n')) print('\n');
  return task;
}
