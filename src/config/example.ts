/** The example file, as it follows from the schema: every key with its default and one comment. */
import type * as z from 'zod';
import { type Field, fieldOf } from './field.js';
import { itemOf, kindsOf, membersOf } from './keys.js';
import { configSchema } from './schema.js';

const HEAD = `# gollama reads the first of: --config FILE, $GOLLAMA_CONFIG, ./gollama.yaml, ./config.yaml,
# $XDG_CONFIG_HOME/gollama/gollama.yaml, config.{yaml,yml,json} in ., ~/.ollama-queue and /etc/ollama-queue.
# Flags beat variables, variables beat the file, the file beats defaults.
# A key outside of lists is also a variable: queue.max_waiting is GOLLAMA_QUEUE_MAX_WAITING; lists are comma separated.
# Durations as Go writes them (300ms, 1m30s, 1.5h); sizes as 32MiB, 64KB or bytes.
# Check a file with: gollama config check FILE
`;

export function exampleFile(): string {
  const lines: string[] = [HEAD];
  for (const [key, { schema }] of membersOf(configSchema)) {
    const field = fieldOf(schema);
    if (field) lines.push(...leafLines(key, schema, field), '');
    else lines.push(`${key}:`, ...blockLines(schema).map((line) => `  ${line}`), '');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function blockLines(schema: z.core.$ZodType): string[] {
  return [...membersOf(schema)].flatMap(([key, member]) => {
    const field = fieldOf(member.schema);
    return field ? leafLines(key, member.schema, field) : [];
  });
}

function leafLines(key: string, schema: z.core.$ZodType, field: Field): string[] {
  const line = keyLine(key, field.default, field.help);
  if (field.default === undefined) return [`# ${keyLine(key, field.example, field.help)}`];
  const items = itemSchemas(schema);
  if (items.length === 0) return [line];
  const example = items.flatMap((item) => itemLines(item));
  return [line, `# ${key}:`, ...example.map((text) => `#   ${text}`)];
}

function itemSchemas(schema: z.core.$ZodType): z.core.$ZodType[] {
  const item = itemOf(schema, undefined);
  return item ? [item] : [...kindsOf(schema).values()];
}

/** One item of a list of blocks. A key without a default or an example stays a comment. */
function itemLines(schema: z.core.$ZodType): string[] {
  const lines = [...membersOf(schema)].flatMap(([key, member]) => {
    const field = fieldOf(member.schema);
    if (!field) return [];
    const shown = field.default ?? field.example;
    return [`${shown === undefined ? '# ' : ''}${keyLine(key, shown, field.help)}`];
  });
  // The dash belongs to the first key that is no comment.
  const first = lines.findIndex((line) => !line.startsWith('# '));
  const ordered = [lines[first] ?? '', ...lines.filter((_, index) => index !== first)];
  return ordered.map((line, index) => `${index === 0 ? '- ' : '  '}${line}`);
}

function keyLine(key: string, value: string | readonly string[] | undefined, help: string): string {
  if (value === undefined) return `${key}: # ${help}`;
  const written = typeof value === 'string' ? quoted(value) : `[${value.map(quoted).join(', ')}]`;
  return `${key}: ${written} # ${help}`;
}

/** Texts that YAML would take for its own syntax. */
function quoted(text: string): string {
  return /^[\s:*&!%@`'"#[\]{}>|,?-]|: | #|^$/.test(text) ? JSON.stringify(text) : text;
}
