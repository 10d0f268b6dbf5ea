// Part of packing: puts everything but libsql into few files, in the places where the compiler puts one for each source.
// So a command starts fast, and who installs the package installs libsql with it instead of a hundred and fifty packages.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { build } from 'esbuild';
import { leanCommands, leanLibrary, rareParts } from './bundle/lean-packages.js';
import { ownFiles, withPlaces } from './bundle/own-files.js';
import { root, usual, withCommonJsNames } from './bundle/settings.js';

/** What every short command needs. */
const EVERY_COMMAND = [
  'src/cli/oclif.ts',
  'src/cli/reference-arguments.ts',
  'src/cli/base-command.ts',
  'src/cli/reference-flags.ts',
  'src/client/client.ts',
  'src/config/server-address.ts',
];
/** What short commands need to show what they found to people. */
const SHOWN = ['src/cli/status-frames.ts', 'src/cli/task-table.ts', 'src/cli/list-query.ts'];
/** Programs and threads of their own that the package runs. */
const PROGRAM = /^(src\/.*-thread|bench\/(mock|workers)\/program)\.ts$/;

const sources = ['commands', 'src', 'bench'].flatMap((folder) => {
  const names = readdirSync(join(root, folder), { recursive: true });
  return names.map((name) => `${folder}/${name.split(sep).join('/')}`).filter((name) => name.endsWith('.ts'));
});
const library = 'src/index.ts';
const commands = sources.filter((name) => name.startsWith('commands/'));
/** What oclif loads by a name in package.json. */
const hooks = namedIn('package.json').filter((name) => name !== library);
const isOfEveryCommand = (name) => EVERY_COMMAND.includes(name);
const begun = namedIn('bin/run.js');

const builds = [
  {
    entryPoints: [...new Set([...commands, ...hooks, ...begun.filter(isOfEveryCommand)])],
    groups: [EVERY_COMMAND, SHOWN],
    lean: [leanCommands],
  },
  // Apart from the commands: a program that imports the library has a command line of its own.
  { entryPoints: [library, ...sources.filter((name) => PROGRAM.test(name))], groups: [], lean: [leanLibrary] },
  // What does without the commands would load more than it is itself by sharing files with them.
  { entryPoints: begun.filter((name) => !isOfEveryCommand(name)), groups: [], lean: [] },
];

const outputs = new Map();
const inputs = new Set();
const results = builds.map(({ entryPoints, groups, lean }) =>
  build({
    ...usual,
    entryPoints,
    outdir: join(root, 'dist'),
    outbase: root,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    metafile: true,
    plugins: [ownFiles(groups, entryPoints), ...lean],
  }),
);
for (const { outputFiles, metafile } of await Promise.all([...results, rareParts(join(root, 'dist/chunks'))])) {
  for (const { path, text } of outputFiles) {
    const name = relative(join(root, 'dist'), path).split(sep).join('/');
    outputs.set(name, name.endsWith('.cjs') ? text : withCommonJsNames(withPlaces(text, name)));
  }
  for (const input of Object.keys(metafile.inputs)) if (!/^[a-z]+:/.test(input)) inputs.add(input);
}

outputs.set('third-party-licenses.txt', licenses(inputs));

for (const folder of ['src', 'commands', 'bench', 'chunks'])
  rmSync(join(root, 'dist', folder), { recursive: true, force: true });
// The compiler would take what it wrote for what still lies there.
rmSync(join(root, 'node_modules/.cache/tsbuildinfo'), { force: true });
for (const [name, text] of outputs) {
  const path = join(root, 'dist', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

for (const path of unreachableTypes()) rmSync(path);

function namedIn(file) {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/dist\/(src\/[\w/-]+)\.js/g)].map(([, name]) => `${name}.ts`);
}

/** Declarations that those of the library do not lead to. */
function unreachableTypes() {
  const types = join(root, 'dist/types');
  const reached = new Set();
  const follow = (path) => {
    if (reached.has(path)) return;
    reached.add(path);
    const text = readFileSync(path, 'utf8');
    const targets = [...text.matchAll(/(?: from |\bimport\()'([^']+)'(?:;$|\))/gm)].map(([, target]) => target);
    if (targets.some(isNotInstalled)) return writeFileSync(path, withoutShapes(text));
    for (const target of targets.filter((name) => name.startsWith('.'))) {
      follow(join(dirname(path), target.replace(/\.js$/, '.d.ts')));
    }
  };
  follow(join(types, 'src/index.d.ts'));
  const all = readdirSync(types, { recursive: true }).filter((name) => name.endsWith('.d.ts'));
  return all.map((name) => join(types, name)).filter((path) => !reached.has(path));
}

function isNotInstalled(target) {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return !/^(\.|node:)/.test(target) && !(target in dependencies);
}

/** The names that declarations export: inside of the library they have a shape, which no program sees. */
function withoutShapes(text) {
  const names = [...text.matchAll(/^export (declare const|declare function|type|interface) (\w+)/gm)];
  const lines = names.map(([, kind, name]) =>
    kind.startsWith('declare') ? `export declare const ${name}: any;` : `export type ${name} = any;`,
  );
  return `${lines.join('\n')}\n`;
}

/** Of the packages whose code is in the outputs. */
function licenses(files) {
  const folders = new Set([...files].map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]));
  folders.delete(undefined);
  const texts = new Map();
  for (const folder of [...folders].sort()) {
    const path = join(root, folder);
    const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    const files = readdirSync(path).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    const text = files.map((file) => readFileSync(join(path, file), 'utf8').trim()).join('\n\n');
    texts.set(`${name} ${version} (${license ?? 'see below'})`, text);
  }
  return [...texts].map(([title, text]) => `${title}\n${'='.repeat(title.length)}\n\n${text}\n`).join('\n\n');
}
