/** Everything between the text of a file and the configuration, without finding or reading that file. */

import { looksLikeForgottenUnit } from '../base/duration.js';
import { GollamaError } from '../base/errors.js';
import type { Config } from './config.js';
import { applyEnvironment, withDefaultBin } from './environment.js';
import { withFlagEngines } from './flag-engines.js';
import { applyFlags } from './flag-values.js';
import type { ServeFlags } from './flags.js';
import { placesOf, toInput } from './input.js';
import { toKeys } from './keys.js';
import { rewriteLegacy } from './legacy.js';
import { withOllamaEngine } from './ollama-section.js';
import { type ConfigWarning, formatPlace, formatRemark, type Remark, remarkAt, toWarning } from './remark.js';
import { resolveSettings, type Surroundings } from './resolve.js';
import { configSchema } from './schema.js';
import { expandShorthand } from './shorthand.js';
import { type Stated, withStated } from './stated.js';
import { type Block, block, DEFAULT_PLACE, isScalar, type Tree } from './tree.js';
import { readYaml, type YamlTree } from './yaml-tree.js';

/** `default`, `file`, `env GOLLAMA_QUEUE_MAX_WAITING`, `flag --port`. */
type Origin = string;

export interface ParsedConfig {
  readonly config: Config;
  /** By key as a file spells it: `queue.max_waiting`, `engines[0].bin`. */
  readonly origins: ReadonlyMap<string, Origin>;
  readonly warnings: readonly ConfigWarning[];
}

export interface Sources extends Surroundings {
  /** undefined: there is no file. `name` is how messages call it. */
  readonly file: { readonly name: string; readonly text: string } | undefined;
  readonly flags: ServeFlags;
  /** Of a program that embeds gollama. */
  readonly stated?: readonly Stated[];
  readonly readText: (path: string) => Promise<string>;
}

/** Throws GollamaError `configuration` that lists every problem with its place. */
export async function parseConfig(sources: Sources): Promise<ParsedConfig> {
  const yaml = readSource(sources.file);
  const legacy = rewriteLegacy(yaml.tree);
  const fromEnv = applyEnvironment(legacy.tree, sources.env);
  const withEngines = withOllamaEngine(
    withFlagEngines(withStated(fromEnv.tree, sources.stated ?? []), sources.flags),
    sources.env,
  );
  const fromFlags = applyFlags(withEngines, sources.flags);
  const tree = expandShorthand(withDefaultBin(fromFlags.tree, sources.env));
  const { input, warnings } = toInput(configSchema, tree, sources.home);
  const problems = [...yaml.problems, ...legacy.problems];
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) {
    // After a syntax error the rest of the file is unknown, and complaints about it would be noise.
    const found = parsed.error.issues.map((issue) => remarkAt(tree, toKeys(issue.path), issue.message));
    // What is missing may be there under a misspelt key.
    const more = yaml.problems.length > 0 ? [] : [...found, ...warnings];
    throw problemsError([...problems, ...more], sources.file?.name);
  }
  if (problems.length > 0) throw problemsError(problems, sources.file?.name);
  const resolved = await resolveSettings(parsed.data, tree, sources, sources.readText);
  if (resolved.problems.length > 0) throw problemsError(resolved.problems, sources.file?.name);
  return {
    config: deepFreeze(resolved.config),
    origins: originsOf(tree),
    warnings: [
      ...[...yaml.warnings, ...legacy.warnings, ...warnings, ...forgottenUnits(tree)].map(toWarning),
      ...fromEnv.warnings,
      ...fromFlags.warnings,
    ],
  };
}

function readSource(file: Sources['file']): YamlTree {
  if (file) return readYaml(file.text, file.name);
  return { tree: block({}, DEFAULT_PLACE), problems: [], warnings: [] };
}

function problemsError(problems: readonly Remark[], file: string | undefined): GollamaError {
  // From the top of the file down, then variables and flags.
  const sorted = problems.toSorted((left, right) => lineOf(left) - lineOf(right));
  // One text may stand at two keys: what is wrong with it is told once.
  const told = new Map<string, string>();
  for (const problem of sorted) {
    const line = formatRemark(problem);
    const mistake = problem.at.source === 'file' ? line : `${formatPlace(problem.at)} ${problem.message}`;
    if (!told.has(mistake)) told.set(mistake, line);
  }
  const isOfFlags = problems.every(({ at }) => at.source === 'flag');
  const check = `correct it, then try: gollama config check${file ? ` ${file}` : ''}`;
  return new GollamaError('configuration', [...told.values()].join('\n'), {
    hint: isOfFlags ? 'see: gollama serve --help' : check,
  });
}

function lineOf({ at }: Remark): number {
  return at.source === 'file' ? at.line : Number.MAX_SAFE_INTEGER;
}

function forgottenUnits(tree: Block): Remark[] {
  return scalars(tree).flatMap(([key, value]) => {
    if (!looksLikeForgottenUnit(value.text)) return [];
    const message = `${value.text} means ${value.text} nanoseconds, as in Go; for seconds write ${value.text}s`;
    return [{ at: value.at, key, message }];
  });
}

/** The scalars of keys that hold a duration. */
function scalars(tree: Block): [string, Extract<Tree, { text: string }>][] {
  return placesOf(configSchema, tree).flatMap(([key, found, field]) =>
    field.kind?.name === 'duration' && isScalar(found) ? [[key, found]] : [],
  );
}

function originsOf(tree: Block): Map<string, Origin> {
  const origins = new Map<string, Origin>();
  for (const [key, found] of placesOf(configSchema, tree)) origins.set(key, originOf(found));
  return origins;
}

function originOf(tree: Tree | undefined): Origin {
  if (!tree || tree.at.source === 'default') return 'default';
  if (tree.at.source === 'file') return 'file';
  return tree.at.source === 'env' ? `env ${tree.at.name}` : `flag ${formatPlace(tree.at)}`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
