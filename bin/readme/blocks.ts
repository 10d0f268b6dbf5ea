/** The blocks of a README that are made: a fence behind the mark `<!-- made by: NAME -->`. */
import { shapeOf } from './settled.js';

/** All get the same blocks. */
export const READMES = ['README.md', 'README.zh-CN.md'] as const;

export interface Block {
  readonly text: string;
  /** Its figures are measured: only the shape has to be the same. */
  readonly isMeasured: boolean;
}

/** By name. */
export type Blocks = ReadonlyMap<string, Block>;

const PLACE = /(<!-- made by: (.+?) -->\n\n```console\n)([\s\S]*?)(```\n)/g;

/** The texts by name, in the order of the document. */
export function blocksIn(document: string): ReadonlyMap<string, string> {
  return new Map([...document.matchAll(PLACE)].map(([, , name = '', text = '']) => [name, text.trimEnd()]));
}

/** `made`, with the figures that the document already has: another run measures others, which tells nothing. */
export function withKept(document: string, made: Blocks): Blocks {
  const there = blocksIn(document);
  const kept = ([name, block]: [string, Block]): [string, Block] => {
    const text = there.get(name);
    const isSame = block.isMeasured && text !== undefined && shapeOf(text) === shapeOf(block.text);
    return [name, isSame ? { ...block, text } : block];
  };
  return new Map([...made].map(kept));
}

/** The names of those that are missing, superfluous, or differ. */
export function outdatedBlocks(document: string, made: Blocks): readonly string[] {
  const there = blocksIn(document);
  const names = new Set([...there.keys(), ...made.keys()]);
  return [...names].filter((name) => there.get(name) !== made.get(name)?.text);
}

/** Throws where a block is made that has no place, and where nothing makes one that has. */
export function withBlocks(document: string, made: Blocks): string {
  const there = blocksIn(document);
  for (const name of made.keys()) if (!there.has(name)) throw new Error(`there is no place for the block: ${name}`);
  return document.replace(PLACE, (_all, head: string, name: string, _old, end: string) => {
    const block = made.get(name);
    if (!block) throw new Error(`nothing makes the block: ${name}`);
    return `${head}${block.text}\n${end}`;
  });
}
