/** Short forms of our own file, written out: an API key as one text, an engine without a name. */
import {
  type Block,
  block,
  child,
  DEFAULT_PLACE,
  isBlock,
  isScalar,
  scalar,
  type Tree,
  textAt,
  withEntry,
  withItems,
} from './tree.js';

export function expandShorthand(tree: Block): Block {
  const named = withItems(tree, 'engines', engineNamer(tree));
  const server = child(named, 'server');
  return isBlock(server) ? withEntry(named, 'server', withItems(server, 'api_keys', keyBlock)) : named;
}

function keyBlock(item: Tree): Tree {
  return isScalar(item) ? block({ key: item }, item.at) : item;
}

/** An engine without a name gets that of its kind; the second one of the kind gets `-2`. */
function engineNamer(tree: Block): (engine: Tree) => Tree {
  const engines = child(tree, 'engines');
  const items = engines && 'items' in engines ? engines.items : [];
  const taken = new Set(items.map((item) => textAt(item, ['name'])));
  return (engine) => {
    const kind = textAt(engine, ['kind']);
    if (!isBlock(engine) || !kind || child(engine, 'name')) return engine;
    const name = freeName(kind, taken);
    taken.add(name);
    return withEntry(engine, 'name', scalar(name, DEFAULT_PLACE));
  };
}

/** `wish`, or `wish-2`, `wish-3` ... */
export function freeName(wish: string, taken: ReadonlySet<string | undefined>): string {
  let name = wish;
  for (let count = 2; taken.has(name); count++) name = `${wish}-${count}`;
  return name;
}
