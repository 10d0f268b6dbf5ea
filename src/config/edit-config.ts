/** One key of a configuration file changed, and what comes of it judged as the server would judge it. */
import { GollamaError } from '../base/errors.js';
import { editJson, editYaml } from './edit.js';
import { formatKey, parseKey, targetOf, writtenPath } from './edit-key.js';
import { overrideOf, withoutOverrides } from './environment.js';
import { parseConfig } from './parse.js';
import type { Surroundings } from './resolve.js';
import { readYaml } from './yaml-tree.js';

export interface ConfigEdit extends Surroundings {
  /** How messages call the file. */
  readonly name: string;
  readonly text: string;
  readonly key: string;
  /** undefined: the key is taken away, and its default holds. */
  readonly value: string | undefined;
  readonly readText: (path: string) => Promise<string>;
}

export interface EditedConfig {
  readonly text: string;
  /** The key as the file spells it. */
  readonly written: string;
  /** The key as our own files spell it. */
  readonly key: string;
  /** Never shown to anybody. */
  readonly isSecret: boolean;
  /** What was wrong with the file before, and still is. */
  readonly remaining: readonly string[];
  /** A variable that stands before the key, in this environment. */
  readonly override: string | undefined;
}

/** Throws GollamaError `usage` for a key that there is not, `configuration` for a value that does not do. */
export async function editConfig(edit: ConfigEdit): Promise<EditedConfig> {
  const { tree, problems } = readYaml(edit.text, edit.name);
  if (problems.length > 0) await parseAlone(edit, edit.text);
  const target = targetOf(parseKey(edit.key), tree);
  const path = writtenPath(target.path, tree);
  const change = edit.name.endsWith('.json') ? editJson : editYaml;
  const text = change(edit.text, { path, target, value: edit.value });
  const before = await problemsIn(edit, edit.text);
  const after = await problemsIn(edit, text);
  const known = new Set(before?.lines.map(withoutPlace));
  if (after?.lines.some((line) => !known.has(withoutPlace(line)))) throw after.error;
  return {
    text,
    written: formatKey(path),
    key: formatKey(target.path),
    isSecret: target.field?.kind?.secret ?? false,
    remaining: after?.lines ?? [],
    override: overrideOf(target.path, edit.env),
  };
}

async function problemsIn(edit: ConfigEdit, text: string) {
  try {
    await parseAlone(edit, text);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof GollamaError) || thrown.code !== 'configuration') throw thrown;
    const error = new GollamaError('configuration', thrown.message, {
      hint: 'nothing was written; gollama help config lists all keys',
      cause: thrown,
    });
    return { error, lines: thrown.message.split('\n') };
  }
}

/** The file by itself: a variable would hide what is wrong with its key. */
function parseAlone({ name, env, cwd, home, readText }: ConfigEdit, text: string) {
  return parseConfig({ env: withoutOverrides(env), cwd, home, readText, flags: {}, file: { name, text } });
}

/** The same problem may stand on another line now. */
function withoutPlace(line: string): string {
  return line.replace(/:\d+:\d+ /, ' ');
}
