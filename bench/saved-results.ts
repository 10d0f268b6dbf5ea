/** What can be done with results that were saved: shown again, turned into other forms, compared. */
import { seededRandom } from '../src/base/random.js';
import { compare } from './compare/compare.js';
import { parseResult } from './output/result-file.js';
import { renderTerminal } from './output/terminal.js';
import { writeReports } from './publish.js';
import { durationMs, ratio } from './quantity.js';
import type { BenchResult, Comparison } from './result.js';
import { verdictOf } from './verdict.js';
import { readText } from './workload/dataset.js';

export interface Terminal {
  readonly width: number;
  readonly ascii: boolean;
  readonly color: boolean;
}

export interface ReportFlags {
  readonly html?: string | undefined;
  readonly markdown?: string | undefined;
  readonly csv?: string | undefined;
  readonly junit?: string | undefined;
}

export interface CompareFlags {
  readonly 'min-effect'?: string | undefined;
  readonly 'min-abs'?: string | undefined;
  readonly seed: number;
}

/** Throws `usage` where the file cannot be read or is no result, and `configuration` where a report cannot be written. */
export async function reportFile(
  file: string,
  flags: ReportFlags,
  { width, ascii, color }: Terminal,
): Promise<{ report: string; result: BenchResult }> {
  const result = await readResult(file);
  const { saved, failures } = await writeReports({ result, runs: [result] }, flags);
  if (failures[0]) throw failures[0];
  return { report: renderTerminal(result, { width, ascii, color, saved }), result };
}

/** Throws `usage` where a file cannot be read or is no result, or the sides are not as many. */
export async function compareFiles(
  files: { readonly base: readonly string[]; readonly head: readonly string[] },
  flags: CompareFlags,
  { width, ascii, color }: Terminal,
): Promise<{ report: string; comparison: Comparison; exitCode: number }> {
  const [base, head] = await Promise.all([readAll(files.base), readAll(files.head)]);
  const comparison = compare(base, head, {
    random: seededRandom(flags.seed),
    baseName: files.base[0],
    headName: files.head[0],
    minEffect: flags['min-effect'] === undefined ? undefined : ratio(flags['min-effect'], '--min-effect'),
    minAbsoluteMs: flags['min-abs'] === undefined ? undefined : durationMs(flags['min-abs'], '--min-abs'),
  });
  const last = head.at(-1);
  if (last === undefined) throw new Error('no result was read');
  const verdict = verdictOf({ complete: true, gates: [], comparison, client: { saturated: false, reasons: [] } });
  const shown = { ...last, gates: [], comparison, verdict };
  return {
    report: renderTerminal(shown, { width, ascii, color, saved: [] }),
    comparison,
    exitCode: verdict.exit_code,
  };
}

function readAll(files: readonly string[]): Promise<BenchResult[]> {
  return Promise.all(files.map(readResult));
}

async function readResult(file: string): Promise<BenchResult> {
  return parseResult(await readText(file), file);
}
