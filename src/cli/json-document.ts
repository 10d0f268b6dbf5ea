/** What `--json` prints: one object, which tells the version of its shape, in the case of a failure too. */
import type { CommandFailure } from './command-failure.js';

/** The version of the shape of every JSON object that a command prints. */
const SCHEMA_VERSION = 1;

/** `content` with its version; what is no object stays as it is. */
export function jsonDocument(content: unknown): unknown {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return content;
  return { schemaVersion: SCHEMA_VERSION, ...content };
}

export function failureDocument(error: CommandFailure): object {
  return { schemaVersion: SCHEMA_VERSION, error };
}

/** As a document of its own, for people too. */
export function jsonText(content: unknown): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** As one line of many. */
export function jsonLine(content: unknown): string {
  return `${JSON.stringify(content)}\n`;
}
