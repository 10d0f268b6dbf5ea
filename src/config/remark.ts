import { find, type Path, type Place, type Tree } from './tree.js';

/** Something to say about a configuration: a problem that stops it, or a warning. */
export interface Remark {
  readonly at: Place;
  /** Dotted, as our own file would spell it: `engines[0].slots`. */
  readonly key: string;
  readonly message: string;
}

/** A warning as callers get it. */
export interface ConfigWarning {
  /** `gollama.yaml:6:1`, `$GOLLAMA_SERVER_ADDR`, `--port`. */
  readonly where: string;
  readonly key: string;
  readonly message: string;
}

/** `gollama.yaml:6:3 queue.max_waiting: what is wrong`. The key is spelt as it was written. */
export function formatRemark(remark: Remark): string {
  return formatWarning(toWarning(remark));
}

export function toWarning(remark: Remark): ConfigWarning {
  return { where: formatPlace(remark.at), key: writtenKey(remark), message: remark.message };
}

export function formatWarning(warning: ConfigWarning): string {
  const place = [warning.where, warning.key].filter((part) => part !== '').join(' ');
  return place === '' ? warning.message : `${place}: ${warning.message}`;
}

export function formatPlace(place: Place): string {
  if (place.source === 'file') return `${place.file}:${place.line}:${place.column}`;
  if (place.source === 'env') return `$${place.name}`;
  return place.source === 'flag' ? place.name : '';
}

/** A remark on the value at `path`; where nothing stands there, on the block that should hold it. */
export function remarkAt(tree: Tree, path: Path, message: string): Remark {
  const key = formatPath(path);
  for (let length = path.length; length >= 0; length--) {
    const found = find(tree, path.slice(0, length));
    if (!found) continue;
    if (found.at.source !== 'file' || length === path.length) return { at: found.at, key, message };
    const written = path.slice(length).reduce<string>((text, step) => appendStep(text, step), found.at.key);
    return { at: { ...found.at, key: written }, key, message };
  }
  return { at: { source: 'default' }, key, message };
}

function writtenKey(remark: Remark): string {
  return remark.at.source === 'file' ? remark.at.key : remark.key;
}

/** `['engines', 0, 'slots']` as `engines[0].slots`. */
function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => appendStep(text, step), '');
}

export function appendStep(path: string, step: string | number): string {
  if (typeof step === 'number') return `${path}[${step}]`;
  return path === '' ? step : `${path}.${step}`;
}
