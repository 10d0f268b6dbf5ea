/** What differs from run to run and from machine to machine, and what stands in its place. */

/** In this order. A replacement that begins a column of a table is as long as what it replaces. */
const RULES: readonly { readonly of: string; readonly from: RegExp; readonly to: string }[] = [
  { of: 'addresses', from: /127\.0\.0\.1:\d{2,5}\b/g, to: '127.0.0.1:8081' },
  { of: 'process ids', from: /\b(pid|process) \d+/g, to: '$1 4711' },
  { of: 'process ids in the log', from: /(INFO|WARN) \(\d+\)/g, to: '$1 (4711)' },
  { of: 'times in the log', from: /\[\d\d:\d\d:\d\d\]/g, to: '[09:30:00]' },
  { of: 'times', from: /\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b/g, to: '2026-01-15 09:30:00' },
  { of: 'ids of tasks', from: /\b(\d+)-[a-z0-9]{12}\b/g, to: '$1-7f3k9q2m8x4c' },
  { of: 'ids of sessions', from: /\bs-[a-z0-9]{3}\b/g, to: 's-7k2' },
  { of: 'uptimes', from: /\bup \d+ [dhms](?: \d+ [dhms])?\b/g, to: 'up 12 s' },
  { of: 'times to the first token', from: /\bttft \d[\d.]* m?s\b/g, to: 'ttft 712 ms' },
  { of: 'waits', from: /\bwait \d[\d.]* m?s\b/g, to: 'wait 0 ms' },
  { of: 'rates', from: /\b\d[\d.]* tok\/s/g, to: '16.7 tok/s' },
  { of: 'versions of Node', from: /\bv\d+\.\d+\.\d+ \(>=([\d.]+)[^)]*\)/g, to: 'v24.11.0 (>=$1)' },
  { of: 'room on the disk', from: /\b\d[\d.]* (?:MB|GB|TB) free/g, to: '128 GB free' },
];

/** Such a line, with the lines that go on with it, is there or not as the machine was busy or not. */
const OF_THE_MACHINE = /^(?:(?:Client (?:ok|saturated)|! ).*(?:\n {2}.*)*| +Tails of TTFT .*)\n?/gm;

/** `folders`: what each is called in the README. */
export function settled(text: string, folders: Readonly<Record<string, string>>): string {
  let known = text.replaceAll(OF_THE_MACHINE, '');
  for (const [folder, name] of Object.entries(folders)) known = known.replaceAll(folder, name);
  for (const { from, to } of RULES) known = known.replaceAll(from, to);
  return known.trimEnd();
}

/** The text without what is measured, and without bars: equal for two runs of the same on any machine. */
export function shapeOf(text: string): string {
  const lines = text.split('\n').filter((line) => !/[┤▁-█]/.test(line));
  return lines
    .map((line) =>
      line
        .replace(/\d[\d.,]*/g, '0')
        .replace(/ +/g, ' ')
        .trimEnd(),
    )
    .join('\n');
}
