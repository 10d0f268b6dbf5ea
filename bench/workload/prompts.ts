/** Work from given texts, in turn. */
import { type Random, seededRandom } from '../../src/base/random.js';
import type { WorkItem } from '../plan.js';
import type { Workload } from './workload.js';

export interface Conversation {
  readonly messages: WorkItem['messages'];
  /** Its own limit; undefined: that of the run. */
  readonly maxTokens?: number;
}

export interface PromptsOptions {
  readonly source: string;
  readonly conversations: readonly Conversation[];
  readonly maxTokens: number;
  /** Puts a mark of its own in front of each request, so that no prompt cache knows how it begins. */
  readonly unique: boolean;
  /** True where each text is used once, in the order of the file; otherwise over and over. */
  readonly once: boolean;
  readonly seed: number;
}

export function promptsWorkload(options: PromptsOptions): Workload {
  const { conversations, unique, once } = options;
  const repeats = conversations.length === 1 && !unique;
  return {
    source: options.source,
    prompts: unique ? 'unique' : repeats ? 'repeat' : 'listed',
    item(index) {
      if (once && index >= conversations.length) return undefined;
      const conversation = conversations[index % conversations.length];
      if (conversation === undefined) return undefined;
      const messages = unique ? marked(conversation.messages, markOf(options.seed, index)) : conversation.messages;
      return { messages, maxTokens: conversation.maxTokens ?? options.maxTokens };
    },
  };
}

/** In the first message: a cache compares from the front. */
function marked(messages: WorkItem['messages'], mark: string): WorkItem['messages'] {
  return messages.map((message, at) => (at === 0 ? { ...message, content: `[${mark}] ${message.content}` } : message));
}

/** The same for the same seed and index, and alike in length. */
function markOf(seed: number, index: number): string {
  const random: Random = seededRandom((seed * 0x9e3779b1 + index * 0x85ebca6b) >>> 0);
  return Math.floor(random() * 0x1_0000_0000)
    .toString(16)
    .padStart(8, '0');
}
