/** Reads a line, does what it means, reads the next one: until the user leaves, or the program is ended. */
import { GollamaError } from '../../base/errors.js';
import type { CommandEnd, Repl } from './command.js';
import { lineMeaning } from './command-table.js';
import { complete } from './completer.js';
import { type InterruptEvent, meaningOf } from './interrupts.js';
import { send } from './send.js';
import { edited } from './typing.js';

/** `interrupted`: by Ctrl+C, twice. */
export type LoopEnd = 'left' | 'interrupted';

const PROMPT = '> ';

/** `first`: a message that is sent before anything is read. When the program is to end, it ends with what is under way. */
export async function runLoop(repl: Repl, first?: string): Promise<LoopEnd> {
  const { clock, screen, signal } = repl;
  let next: CommandEnd = first === undefined ? undefined : await guarded(repl, () => send(repl, first));
  let lastInterrupt: InterruptEvent | undefined;
  while (!signal.aborted && next?.kind !== 'leave') {
    const result = await read(repl, next?.text);
    if (result === undefined || result.kind === 'end') return 'left';
    next = undefined;
    if (result.kind === 'interrupt') {
      const event = { wasEmpty: result.wasEmpty, atMs: clock.now() };
      const meaning = meaningOf(event, lastInterrupt);
      if (meaning === 'leave') return 'interrupted';
      if (meaning === 'warn') screen.note('Ctrl+C once more leaves, and so does Ctrl+D');
      lastInterrupt = event;
      continue;
    }
    lastInterrupt = undefined;
    const { kind, text } = result;
    next = await guarded(repl, () => (kind === 'edit' ? editTyped(repl, text) : act(repl, text)));
  }
  return 'left';
}

/** Undefined where the program is to end. */
async function read(repl: Repl, prefill: string | undefined) {
  const { lines, signal } = repl;
  const completer = (text: string, cursor: number) => complete(repl, text, cursor);
  try {
    return await lines.read(PROMPT, { signal, completer, ...(prefill === undefined ? {} : { prefill }) });
  } catch (thrown) {
    if (signal.aborted) return undefined;
    throw thrown;
  }
}

async function editTyped(repl: Repl, text: string): Promise<CommandEnd> {
  try {
    return { kind: 'typed', text: (await edited(repl, text)) ?? text };
  } catch (thrown) {
    repl.screen.problem(thrown);
    return { kind: 'typed', text };
  }
}

async function act(repl: Repl, line: string): Promise<CommandEnd> {
  if (line.trim() === '') return undefined;
  const meaning = lineMeaning(line);
  switch (meaning.kind) {
    case 'message':
      return send(repl, meaning.text);
    case 'unknown': {
      const meant = meaning.meant === undefined ? '/help shows all' : `did you mean /${meaning.meant}?`;
      repl.screen.note(`unknown command /${meaning.name}: ${meant}`);
      return undefined;
    }
    case 'command':
      return withInterrupt(repl, (stop) => meaning.command.run(repl, meaning.argument, stop));
  }
}

/** Ctrl+C ends what waits for a server. */
async function withInterrupt(
  { lines }: Repl,
  work: (stop: AbortSignal) => CommandEnd | Promise<CommandEnd>,
): Promise<CommandEnd> {
  const stop = new AbortController();
  const off = lines.onInterrupt(() => stop.abort());
  try {
    return await work(stop.signal);
  } finally {
    off();
  }
}

/** Whatever fails is told, and the chat goes on. */
async function guarded(repl: Repl, work: () => Promise<CommandEnd>): Promise<CommandEnd> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof GollamaError && thrown.code === 'cancelled') repl.screen.note('stopped');
    else repl.screen.problem(thrown);
    return undefined;
  }
}
