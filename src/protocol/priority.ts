/** Priorities by name; any integer is one, higher goes first. */
export const PRIORITIES = { low: 1, normal: 5, high: 10, critical: 15 } as const;

/** A priority from its name (in any case) or its number; undefined where it is neither. */
export function parsePriority(text: string): number | undefined {
  const name = text.trim().toLowerCase();
  for (const [known, value] of Object.entries(PRIORITIES)) if (known === name) return value;
  return /^-?\d{1,9}$/.test(name) ? Number(name) : undefined;
}
