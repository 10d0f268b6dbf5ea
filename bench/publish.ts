/** Writes what was asked for into files. */
import { appendFile, writeFile } from 'node:fs/promises';
import { GollamaError, messageOf } from '../src/base/errors.js';
import { renderCsv } from './output/csv.js';
import { renderHtml } from './output/html.js';
import { renderJunit } from './output/junit.js';
import { renderMarkdown } from './output/markdown.js';
import { resultText } from './output/result-file.js';
import { renderVllm } from './output/vllm.js';
import type { WorkItem } from './plan.js';
import { type BenchResult, SCHEMA } from './result.js';
import type { Workload } from './workload/workload.js';
import { workloadText } from './workload/workload-file.js';

/** Files for people and programs that know other forms. */
export interface ReportWishes {
  readonly csv?: string | undefined;
  readonly markdown?: string | undefined;
  readonly html?: string | undefined;
  readonly junit?: string | undefined;
}

export interface PublishWishes extends ReportWishes {
  /** `-` is standard output, which is not this file's. */
  readonly json: string | undefined;
  readonly compat: string | undefined;
  readonly saveWorkload: string | undefined;
  /** The step summary that a CI job shows; what is there stays. */
  readonly stepSummary: string | undefined;
}

export interface Published {
  readonly result: BenchResult;
  readonly runs: readonly BenchResult[];
  readonly workload: Workload;
  readonly items: Iterable<WorkItem>;
}

/** What came of it: a file that cannot be written keeps none of the others from it. */
export interface Publication {
  /** For the report: `bench.json (gollama.bench/v1)`. */
  readonly saved: readonly string[];
  /** Of code `configuration`. */
  readonly failures: readonly GollamaError[];
  /** True where the result itself is among what could not be written. */
  readonly isResultLost: boolean;
}

/** The result as `--json` shows it. */
export function jsonText({ result }: Pick<Published, 'result'>, compat: string | undefined): string {
  return compat === 'vllm' ? renderVllm(result) : resultText(result);
}

/** Never rejects for a file. */
export async function publish(published: Published, wishes: PublishWishes): Promise<Publication> {
  const { result, workload, items } = published;
  const { json, compat, saveWorkload, stepSummary } = wishes;
  const outcome = new Outcome();
  await outcome.write(json === '-' ? undefined : json, compat ?? SCHEMA, () => jsonText(published, compat));
  const isResultLost = outcome.failures.length > 0;
  await writeAll(published, wishes, outcome);
  await outcome.write(saveWorkload, 'workload', () => workloadText(workload, items));
  if (stepSummary) await outcome.attempt(stepSummary, () => appendFile(stepSummary, `${renderMarkdown(result)}\n`));
  return { saved: outcome.saved, failures: outcome.failures, isResultLost };
}

/** As `publish`, for the forms of a report alone. */
export async function writeReports(
  published: Pick<Published, 'result' | 'runs'>,
  wishes: ReportWishes,
): Promise<Omit<Publication, 'isResultLost'>> {
  const outcome = new Outcome();
  await writeAll(published, wishes, outcome);
  return outcome;
}

async function writeAll(
  { result, runs }: Pick<Published, 'result' | 'runs'>,
  wishes: ReportWishes,
  outcome: Outcome,
): Promise<void> {
  await outcome.write(wishes.csv, 'CSV', () => renderCsv(runs));
  await outcome.write(wishes.markdown, 'Markdown', () => renderMarkdown(result));
  await outcome.write(wishes.html, 'HTML', () => renderHtml(result));
  await outcome.write(wishes.junit, 'JUnit', () => renderJunit(result));
}

class Outcome {
  readonly saved: string[] = [];
  readonly failures: GollamaError[] = [];

  async write(file: string | undefined, what: string, text: () => string): Promise<void> {
    if (file === undefined) return;
    if (await this.attempt(file, () => writeFile(file, text()))) this.saved.push(`${file} (${what})`);
  }

  async attempt(file: string, write: () => Promise<void>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (cause) {
      this.failures.push(new GollamaError('configuration', `cannot write ${file}: ${messageOf(cause)}`, { cause }));
      return false;
    }
  }
}
