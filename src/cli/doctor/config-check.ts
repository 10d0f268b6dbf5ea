/** The configuration: the file, and the variables that it names. */
import { type GollamaError, messageOf } from '../../base/errors.js';
import type { Environment } from '../../config/environment.js';
import { placesOf } from '../../config/input.js';
import { rewriteLegacy } from '../../config/legacy.js';
import type { ParsedConfig } from '../../config/parse.js';
import { formatWarning } from '../../config/remark.js';
import { configSchema } from '../../config/schema.js';
import { expandShorthand } from '../../config/shorthand.js';
import { isScalar } from '../../config/tree.js';
import { readYaml } from '../../config/yaml-tree.js';
import { type Check, fail, ok, warn } from './check.js';

export interface NamedVariable {
  readonly name: string;
  /** The key that names it. */
  readonly key: string;
}

/** Reads as an API key, and as a secret of webhooks. */
export const STAND_IN = `whsec_${'A'.repeat(44)}`;

/** The variables that the file takes secrets from; none where it cannot be read. */
export function variablesNamed(text: string): NamedVariable[] {
  const { tree } = readYaml(text, '');
  return placesOf(configSchema, expandShorthand(rewriteLegacy(tree).tree)).flatMap(([key, found, field]) =>
    field.kind?.name === 'environment name' && isScalar(found) && found.text !== '' ? [{ name: found.text, key }] : [],
  );
}

/** `env` with something in each of these variables, so that the rest of the file can be judged without them. */
export function withStandIns(env: Environment, variables: readonly NamedVariable[]): Environment {
  const missing = variables.filter(({ name }) => !env[name]).map(({ name }) => [name, STAND_IN] as const);
  return { ...env, ...Object.fromEntries(missing) };
}

/** `file` is what the file is called; undefined: there is none. */
export function configCheck(file: string | undefined, parsed: ParsedConfig | GollamaError): Check {
  const name = 'config';
  const hint = `gollama config check${file === undefined ? '' : ` ${file}`}`;
  if (parsed instanceof Error) return fail(name, messageOf(parsed), parsed.hint ?? hint);
  if (parsed.warnings.length > 0) return warn(name, parsed.warnings.map(formatWarning).join('\n'), hint);
  if (file === undefined) return ok(name, 'no file: everything holds its default (gollama config init makes one)');
  return ok(name, `${file}, ${count(parsed.config.engines.length, 'engine')}`);
}

/** One line for those that are set, one for each that is not; none where none is named. */
export function variableChecks(variables: readonly NamedVariable[], env: Environment): Check[] {
  const name = 'keys';
  const isSet = (variable: NamedVariable) => Boolean(env[variable.name]);
  const set = variables.filter(isSet);
  const missing = variables.filter((variable) => !isSet(variable));
  return [
    ...(set.length === 0 ? [] : [ok(name, `${set.map((variable) => `$${variable.name}`).join(', ')} set`)]),
    ...missing.map((variable) =>
      fail(
        name,
        `$${variable.name} is not set, and ${variable.key} takes it from there`,
        `export ${variable.name}=...`,
      ),
    ),
  ];
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
