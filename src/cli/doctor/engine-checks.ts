/** The engines: programs, model files, and servers elsewhere. */
import { GollamaError } from '../../base/errors.js';
import { type Check, fail, failed, ok, warn } from './check.js';

/** What a program answered to `--version`. */
export type VersionAnswer = { readonly version: string } | { readonly problem: string };

/** What a model file begins with. */
export type ModelHead = { readonly magic: string; readonly sizeBytes: number } | { readonly problem: string };

/** What a server elsewhere answered when it was asked for its models. */
export type UpstreamAnswer =
  | { readonly status: number; readonly models?: number | undefined }
  | { readonly problem: string };

/** https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
const GGUF_MAGIC = 'GGUF';

export function noEngineCheck(fallback: 'simulated' | 'none'): Check {
  const fix =
    "gollama config set engines '[{kind: llama-server, model_path: FILE.gguf}]', or: gollama serve --model FILE.gguf";
  if (fallback === 'none') return fail('engines', 'no engine is configured, and fallback is none', fix);
  return warn('engines', 'no engine is configured: the built-in simulated one answers', fix);
}

/** `answer` is undefined for a script, which is not asked. */
export function programCheck(engine: string, program: string | GollamaError, answer: VersionAnswer | undefined): Check {
  const name = 'llama-server';
  if (program instanceof GollamaError) return failed(name, program, `${engine}: `);
  if (answer === undefined) return ok(name, `${engine}: ${program} (a script, not asked for its version)`);
  if ('version' in answer) return ok(name, `${engine}: ${program}, version ${answer.version}`);
  return fail(name, `${engine}: ${program} ${answer.problem}`, `try it: ${program} --version`);
}

export function modelFileCheck(engine: string, model: string | GollamaError, head: ModelHead | undefined): Check {
  const name = 'model-file';
  if (model instanceof GollamaError) return failed(name, model, `${engine}: `);
  if (head === undefined || 'problem' in head) {
    return fail(name, `${engine}: ${model} cannot be read: ${head?.problem ?? ''}`, `chmod u+r ${model}`);
  }
  if (head.magic === GGUF_MAGIC) return ok(name, `${engine}: ${model}, ${sizeText(head.sizeBytes)}`);
  const isEmpty = head.sizeBytes === 0;
  return fail(
    name,
    `${engine}: ${model} ${isEmpty ? 'is empty' : 'is no GGUF file'}`,
    'download it again: a page with an error, or a pointer of Git LFS, may have been saved in its place',
  );
}

export function upstreamCheck(engine: string, url: string, answer: UpstreamAnswer): Check {
  const name = 'upstream';
  const about = `${engine}: ${url}`;
  if ('problem' in answer) {
    return fail(name, `${about} does not answer: ${answer.problem}`, 'start that server, or correct its base_url');
  }
  const { status, models } = answer;
  if (status === 401 || status === 403) {
    return fail(name, `${about} refuses the key (${status})`, 'set api_key_env or api_key_file of the engine');
  }
  if (status >= 200 && status < 300) {
    return ok(name, `${about} answers${models === undefined ? '' : `, ${models} model${models === 1 ? '' : 's'}`}`);
  }
  const fix =
    status === 404
      ? 'is base_url right? it may end with /v1, not with a path behind it'
      : 'look at the log of that server';
  return warn(name, `${about} answers ${status} when it is asked for its models`, fix);
}

export function sizeText(sizeBytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let size = sizeBytes;
  let unit = 0;
  for (; size >= 1000 && unit < units.length - 1; unit += 1) size /= 1000;
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}
