/**
 * Public ids of tasks: the number in base 36, a dash, a random tag. They sort by age, need no index, and cannot be
 * guessed. A name that a client chose for its task is looked up where an id does not have this form.
 */
import { randomFillSync } from 'node:crypto';

/** 60 random bits. */
const TAG_LENGTH = 12;
const TAG_LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';
const ID = new RegExp(`^([0-9a-z]{1,11})-([${TAG_LETTERS}]{${TAG_LENGTH}})$`);

/** To ask for random bytes costs as much for thousands of them as for twelve. */
const pool = Buffer.alloc(TAG_LENGTH * 512);
let taken = pool.length;

export function newTag(): string {
  if (taken === pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  let tag = '';
  for (const end = taken + TAG_LENGTH; taken < end; taken += 1) tag += TAG_LETTERS[(pool[taken] ?? 0) & 31];
  return tag;
}

export function taskId(number: number, tag: string): string {
  return `${number.toString(36)}-${tag}`;
}

export function parseTaskId(id: string): { number: number; tag: string } | undefined {
  const [, digits, tag] = ID.exec(id) ?? [];
  if (digits === undefined || tag === undefined) return undefined;
  const number = Number.parseInt(digits, 36);
  return Number.isSafeInteger(number) ? { number, tag } : undefined;
}
