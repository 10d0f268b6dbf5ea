/** What a program that embeds gollama says in its options: it goes before the file and the environment. */
import { type Block, scalar, withValue } from './tree.js';

export interface Stated {
  /** As the program spells it: `retryConfig.maxDelay`. */
  readonly name: string;
  /** Where a file has it. */
  readonly path: readonly string[];
  /** As a file would write it. */
  readonly text: string;
}

export function withStated(tree: Block, stated: readonly Stated[]): Block {
  return stated.reduce(
    (filled, { name, path, text }) => withValue(filled, path, scalar(text, { source: 'flag', name })),
    tree,
  );
}
