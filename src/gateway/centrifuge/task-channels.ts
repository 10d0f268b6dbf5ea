/** The channels of tasks: a task's id is the name of the channel on which its answer is told. */
import { GollamaError } from '../../base/errors.js';
import { finalAnswer } from '../../tasks/final-answer.js';
import type { TaskQueue, Visitor } from '../../tasks/task-queue.js';
import type { ChannelSource, FoundChannel } from './look-up.js';

export function taskChannels(tasks: Pick<TaskQueue, 'follow' | 'get'>): ChannelSource {
  return {
    async find(channel: string, visitor: Visitor): Promise<FoundChannel | undefined> {
      try {
        const reader = await tasks.follow(channel, visitor);
        if (reader) return { logId: channel };
        return { logId: channel, answer: finalAnswer(await tasks.get(channel, visitor)) };
      } catch (thrown) {
        if (thrown instanceof GollamaError && thrown.code === 'not_found') return undefined;
        throw thrown;
      }
    },
  };
}
