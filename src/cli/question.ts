/** What is asked: from the command line, or else from standard input. */
import { GollamaError } from '../base/errors.js';

const BYTES_MAX = 64 * 1024 * 1024;

/** All of standard input, as text. Throws `usage` where a terminal stands there: nobody would know that it waits. */
export async function readStandardInput(hint: string): Promise<string> {
  const { stdin } = process;
  if (stdin.isTTY) throw new GollamaError('usage', 'nothing is asked', { hint });
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of stdin as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > BYTES_MAX) throw new GollamaError('usage', 'standard input is larger than 64 MiB');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** The first that was given, or standard input without the line end behind it. Throws `usage` where that is empty. */
export async function question(given: readonly (string | undefined)[], flag: string): Promise<string> {
  const hint = `give ${flag}, or pipe it in`;
  const text = given.find((one) => one !== undefined) ?? (await readStandardInput(hint)).replace(/\r?\n$/, '');
  if (text.trim() === '') throw new GollamaError('usage', 'nothing is asked', { hint });
  return text;
}

/** One line from the terminal, asked for on stderr; empty where it ends without one, undefined after Ctrl+C. */
export async function askLine(prompt: string): Promise<string | undefined> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<string | undefined>((resolve) => {
      lines.on('SIGINT', () => resolve(undefined));
      lines.on('close', () => resolve(''));
      lines.question(prompt, resolve);
    });
  } finally {
    lines.close();
  }
}
