// Our own files, in few outputs.
import { readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { build } from 'esbuild';
import { root, usual } from './settings.js';

/** Without it, what is required is put into the output too, and runs when it is required. */
const OWN_REQUIRE = /^const require = createRequire\(import\.meta\.url\);$/m;

const OWN = new RegExp(`^${root.replaceAll('\\', '\\\\')}(src|commands|bench)[\\\\/].*\\.ts$`);

/**
 * Our own files. A group is files that are needed together: they, and what they import, end up in one output, because whatever
 * imports one of them imports all of them first; esbuild would otherwise make an output of every file that a different set of
 * commands needs, and opening an output costs more than reading it. The first group is what every command needs.
 */
export function ownFiles(groups, entryPoints) {
  return {
    name: 'own files',
    async setup({ onLoad, onResolve }) {
      const graph = await importsOf([...new Set([...groups.flat(), ...entryPoints])]);
      const groupOf = membership(groups, graph);
      const isFirst = (name) => groupOf.get(name) === 0;
      const before = (needed) => [...new Set(groups.length > 0 ? [0, ...needed] : [])].map(groupImport).join('');
      onResolve({ filter: /^group:\d+$/ }, ({ path }) => ({ path, namespace: 'group' }));
      onLoad({ filter: /./, namespace: 'group' }, ({ path }) => ({
        contents: groups[path.slice('group:'.length)].map((file) => `import './${file}';`).join('\n'),
        resolveDir: root,
      }));
      // Where one of them is an entry of its own, it is entered by way of the others too.
      onResolve({ filter: /\.[jt]s$/ }, ({ path, importer, kind }) => {
        if (kind !== 'entry-point' && kind !== 'dynamic-import') return undefined;
        const name = nameOf(join(kind === 'entry-point' ? root : dirname(importer), path.replace(/\.js$/, '.ts')));
        return groupOf.has(name) ? { path: name, namespace: 'front' } : undefined;
      });
      onLoad({ filter: /./, namespace: 'front' }, ({ path }) => ({
        contents: `${before([groupOf.get(path)])}export * from './${path}';`,
        resolveDir: root,
      }));
      // Packages, too: so what the compiler needs to join CommonJS files to others is with the rest, not in an output of its own.
      onResolve({ filter: /^[@a-z]/ }, ({ path, importer, kind, resolveDir }) => {
        if (kind !== 'dynamic-import' || groups.length === 0 || usual.external.includes(path)) return undefined;
        if (!OWN.test(importer)) return undefined;
        return { path, namespace: 'package', pluginData: resolveDir, suffix: `?${nameOf(importer)}` };
      });
      onLoad({ filter: /./, namespace: 'package' }, ({ path, pluginData: resolveDir }) => ({
        contents: `${before([])}import * as all from '${path}'; export * from '${path}'; export default all.default;`,
        resolveDir,
      }));
      onLoad({ filter: OWN }, ({ path }) => {
        const name = nameOf(path);
        const written = readFileSync(path, 'utf8').replace(OWN_REQUIRE, '');
        if (/createRequire\(import\.meta/.test(written))
          throw new Error(`${name}: what it requires would not be there`);
        const source = hoisted(written, (target) => isFirst(nameOf(join(dirname(path), target))));
        const text = source.replaceAll('import.meta.url', `${PLACE}("${compiledName(name)}")`);
        const others = (graph.get(name) ?? []).map((imported) => groupOf.get(imported));
        const needed = others.filter((group) => group !== undefined && group !== groupOf.get(name));
        return { contents: isFirst(name) ? text : before(needed) + text, loader: 'ts' };
      });
      // The first of our own files to run shall not load what only some commands need, such as https.
      onResolve({ filter: /^node:/ }, ({ path, importer, kind }) => {
        if (kind !== 'import-statement' || !isFirst(nameOf(importer))) return undefined;
        return { path, namespace: 'late', suffix: `?${nameOf(importer)}` };
      });
      onLoad({ filter: /./, namespace: 'late' }, ({ path }) => ({ contents: loadedLate(path), loader: 'js' }));
    },
  };
}

function groupImport(number) {
  return `import 'group:${number}';`;
}

/** The group of each file that is in one: the first that needs it. */
function membership(groups, graph) {
  const groupOf = new Map();
  const add = (name, group) => {
    if (groupOf.has(name)) return;
    groupOf.set(name, group);
    for (const imported of graph.get(name) ?? []) add(imported, group);
  };
  for (const [group, files] of groups.entries()) for (const file of files) add(file, group);
  return groupOf;
}

/** What is there anyway needs no output of its own to be imported from. */
function hoisted(text, isThere) {
  const imports = [];
  const rest = text.replace(/(?<!\w)import\('(\.[^']+)'\)/g, (all, target) => {
    if (!isThere(target.replace(/\.js$/, '.ts'))) return all;
    const name = `hoisted${imports.length}`;
    imports.push(`import * as ${name} from '${target}';`);
    return `Promise.resolve(${name})`;
  });
  return imports.join('') + rest;
}

function nameOf(path) {
  return relative(root, path).split(sep).join('/');
}

function compiledName(name) {
  return name.replace(/\.ts$/, '.js');
}

/** Of these, and of all that they lead to: the files of ours that each imports before it runs. */
async function importsOf(entryPoints) {
  const { metafile } = await build({
    ...usual,
    entryPoints,
    outdir: root,
    splitting: true,
    metafile: true,
    packages: 'external',
  });
  const before = (imports) => imports.filter(({ kind, external }) => !external && kind === 'import-statement');
  return new Map(
    Object.entries(metafile.inputs).map(([name, { imports }]) => [name, before(imports).map(({ path }) => path)]),
  );
}

/** A module of Node that is loaded when something of it is used. */
function loadedLate(name) {
  const keys = Object.keys(process.getBuiltinModule(name));
  const getters = keys.map((key) => `get ${key}() { return load().${key}; }`);
  return `let module_;
    const load = () => (module_ ??= process.getBuiltinModule('${name}'));
    module.exports = { ${getters.join(', ')} };`;
}

const PLACE = 'gollamaPlaceOf';

/** Where a file would lie had it been compiled by itself: threads and package.json are looked for from there. */
export function withPlaces(code, output) {
  return code.replace(new RegExp(`${PLACE}\\("([^"]+)"\\)`, 'g'), (_, name) => {
    const from = posix.relative(posix.dirname(output), name);
    return `new URL("${from.startsWith('.') ? from : `./${from}`}",import.meta.url).href`;
  });
}
