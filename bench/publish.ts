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
  readonly items: readonly WorkItem[];
}

/** The result as `--json` shows it. */
export function jsonText({ result }: Pick<Published, 'result'>, compat: string | undefined): string {
  return compat === 'vllm' ? renderVllm(result) : resultText(result);
}

/** What was written, for the report: `bench.json (gollama.bench/v1)`. Throws `configuration` where a file cannot be. */
export async function publish(published: Published, wishes: PublishWishes): Promise<string[]> {
  const { result, workload, items } = published;
  const { json, compat, saveWorkload, stepSummary } = wishes;
  const saved = [
    ...(json === '-' ? [] : await write(json, compat ?? SCHEMA, () => jsonText(published, compat))),
    ...(await writeReports(published, wishes)),
    ...(await write(saveWorkload, 'workload', () => workloadText(workload, items))),
  ];
  if (stepSummary !== undefined) await put(stepSummary, () => appendFile(stepSummary, `${renderMarkdown(result)}\n`));
  return saved;
}

/** As `publish`, for the forms of a report alone. */
export async function writeReports(
  { result, runs }: Pick<Published, 'result' | 'runs'>,
  wishes: ReportWishes,
): Promise<string[]> {
  return [
    ...(await write(wishes.csv, 'CSV', () => renderCsv(runs))),
    ...(await write(wishes.markdown, 'Markdown', () => renderMarkdown(result))),
    ...(await write(wishes.html, 'HTML', () => renderHtml(result))),
    ...(await write(wishes.junit, 'JUnit', () => renderJunit(result))),
  ];
}

async function write(file: string | undefined, what: string, text: () => string): Promise<string[]> {
  if (file === undefined) return [];
  await put(file, () => writeFile(file, text()));
  return [`${file} (${what})`];
}

async function put(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new GollamaError('configuration', `cannot write ${file}: ${messageOf(error)}`, { cause: error });
  }
}
