/** Priorities in words. */
import { PRIORITIES } from '../protocol/priority.js';

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(PRIORITIES).map(([name, value]) => [value, name]));
/** Numbers of an older Ollama Queue, which its command line still shows by name. */
const LEGACY: ReadonlyMap<number, string> = new Map([
  [0, 'low'],
  [2, 'high'],
  [3, 'critical'],
]);

/** By its name where it has one. */
export function priorityName(priority: number): string {
  return NAMES.get(priority) ?? String(priority);
}

/** Behind a number of tasks, where a number alone would be read as one of them. */
export function priorityWord(priority: number): string {
  return NAMES.get(priority) ?? `priority ${priority}`;
}

/** As tables show it. */
export function priorityCell(priority: number): string {
  return LEGACY.get(priority) ?? priorityName(priority);
}

/** `high (10)`. */
export function priorityText(priority: number): string {
  const name = NAMES.get(priority);
  return name === undefined ? String(priority) : `${name} (${priority})`;
}
