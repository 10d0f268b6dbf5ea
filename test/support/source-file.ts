/** The files of this repository as text, as code without comments and strings, and as a list of imports. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NOT_OURS = new Set(['node_modules', 'dist', '.git', 'fixtures']);

export interface Import {
  readonly line: number;
  /** Relative to the repository with `.ts`, or the name of a package. */
  readonly target: string;
  /** `import type`: gone at run time. */
  readonly typeOnly: boolean;
  /** `import()`: loaded when it is reached. */
  readonly dynamic: boolean;
}

export interface Place {
  readonly line: number;
  readonly text: string;
}

export class SourceFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
  readonly #withoutComments: string;
  /** Comments and the insides of strings are blanks. */
  readonly code: string;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    this.#withoutComments = blanked(text, { strings: false });
    this.code = blanked(text, { strings: true });
  }

  get lines(): number {
    return this.text.replace(/\n$/, '').split('\n').length;
  }

  get imports(): Import[] {
    const found = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\bfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;
    return [...this.#withoutComments.matchAll(found)].map((match) => ({
      line: lineAt(this.text, match.index),
      target: this.#resolve(match[2] ?? match[3] ?? ''),
      typeOnly: match[1] !== undefined,
      dynamic: match[3] !== undefined,
    }));
  }

  /** Where `pattern` matches, line by line. */
  places(pattern: RegExp, of: 'code' | 'text' = 'code'): Place[] {
    const shown = this.text.split('\n');
    const matches: Place[] = [];
    for (const [at, line] of this[of].split('\n').entries()) {
      if (pattern.test(line)) matches.push({ line: at + 1, text: (shown[at] ?? '').trim() });
    }
    return matches;
  }

  #resolve(target: string): string {
    return target.startsWith('.') ? join(dirname(this.path), target).replace(/\.js$/, '.ts') : target;
  }
}

/** Files under `folders` (`.`: the root itself, without its folders) whose names end in one of `endings`. */
export function filesIn(folders: readonly string[], endings: readonly string[]): SourceFile[] {
  const paths = folders.flatMap((folder) => (folder === '.' ? rootFiles() : walk(folder)));
  return paths
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => new SourceFile(path, readFileSync(join(ROOT, path), 'utf8')));
}

function rootFiles(): string[] {
  const entries = readdirSync(ROOT, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

function walk(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return [path];
    return NOT_OURS.has(entry.name) ? [] : walk(path);
  });
}

function lineAt(text: string, place: number): number {
  return text.slice(0, place).split('\n').length;
}

const TOKEN = new RegExp(
  [
    /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)/,
    /(?<string>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")/,
    // The code inside `${}` stays code only where it holds no braces and no quotes of its own; that is enough here.
    /(?<template>`(?:\\[\s\S]|[^`\\])*`)/,
    // A slash behind a value divides; elsewhere it begins a pattern.
    /(?<=(?:^|[(,=:[!&|?{};+\n>]|\breturn)[ \t]*)(?<pattern>\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/\w*)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/** `text` with blanks in place of comments and, if asked for, of strings and patterns; every line stays where it is. */
function blanked(text: string, { strings }: { strings: boolean }): string {
  return text.replace(TOKEN, (token, ...rest) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    if (groups.comment !== undefined) return blanks(token);
    if (!strings) return token;
    if (groups.template === undefined) return blanks(token);
    return token.replace(/\$\{([^{}]*)\}|[^\n$]|\$/g, (_part, code?: string) =>
      code === undefined ? ' ' : `  ${code} `,
    );
  });
}

function blanks(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
