/** A file of results, a line of JSON for each, written as they come. */
import { open } from 'node:fs/promises';
import { GollamaError, messageOf } from '../base/errors.js';

export interface ResultsFile {
  write(result: object): Promise<void>;
  close(): Promise<void>;
}

/** `-` is standard output. Throws `usage` where the file cannot be written. */
export async function openResults(path: string): Promise<ResultsFile> {
  if (path === '-') {
    return {
      write: (result) => new Promise((resolve) => void process.stdout.write(lineOf(result), () => resolve())),
      close: () => Promise.resolve(),
    };
  }
  const file = await open(path, 'w').catch((thrown: unknown) => {
    throw new GollamaError('usage', `cannot write ${path}: ${messageOf(thrown)}`, {
      hint: 'nothing was submitted; name another file with --results',
      cause: thrown,
    });
  });
  return { write: (result) => file.appendFile(lineOf(result)), close: () => file.close() };
}

function lineOf(result: object): string {
  return `${JSON.stringify(result)}\n`;
}
