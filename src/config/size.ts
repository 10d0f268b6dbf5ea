/** Sizes: `32MiB` (powers of 1024), `64KB` (powers of 1000), or a number of bytes. Case does not matter. */

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

const SIZE = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i;

/** Bytes, rounded to a whole number, or undefined where the text is no size. */
export function parseSizeBytes(text: string): number | undefined {
  const match = SIZE.exec(text);
  const unitBytes = UNIT_BYTES[(match?.[2] ?? '').toLowerCase()];
  if (!match || unitBytes === undefined) return undefined;
  const sizeBytes = Math.round(Number(match[1]) * unitBytes);
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined;
}

/** The largest power of 1024 that leaves a whole number: `32MiB`, `1000`. */
export function formatSizeBytes(sizeBytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB']) {
    const unitBytes = UNIT_BYTES[unit.toLowerCase()] ?? 1;
    if (sizeBytes >= unitBytes && sizeBytes % unitBytes === 0) return `${sizeBytes / unitBytes}${unit}`;
  }
  return String(sizeBytes);
}
