// Packages without what a short command does not need. What they need seldom is in a file of its own, loaded when it is used.
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { build } from 'esbuild';
import { root, usual } from './settings.js';

const RARE_FILE = 'rare.cjs';

/**
 * oclif:
 * 1. a file is required when something of it is used, not when something is imported that might use it;
 * 2. commands are sorted without `localeCompare`, whose first call loads the tables of a language;
 * 3. the platform is what Node says, without asking whether it is a Windows in disguise;
 * 4. nothing is logged, and no logger loaded, unless $DEBUG is set;
 * 5. nobody looks for a file with colours for the help.
 */
const OCLIF = {
  files: /[\\/]@oclif[\\/]core[\\/]lib[\\/].*\.js$/,
  folder: 'node_modules/@oclif/core',
  // For help, progress, templates and the search for files: as much again as all the rest.
  rare: [
    'cli-spinners',
    'debug',
    'ejs',
    'lilconfig',
    'minimatch',
    'string-width',
    'tinyglobby',
    'widest-line',
    'wrap-ansi',
  ],
  changes: [
    { file: 'lib/config/config.js', from: 'async loadTheme() {', to: 'async loadTheme() { return undefined;' },
    {
      file: 'lib/logger.js',
      from: 'const debug = (0, debug_1.default)(namespace);',
      to: 'const debug = process.env.DEBUG ? (0, debug_1.default)(namespace) : () => {};',
    },
    { file: 'lib/config/plugin.js', from: 'a.id.localeCompare(b.id)', to: '(a.id < b.id ? -1 : 1)' },
    {
      file: 'lib/util/os.js',
      from: "(await import('wsl-utils')).isWsl ? 'wsl' : (0, node_os_1.platform)()",
      to: 'process.platform',
    },
    {
      file: 'lib/util/os.js',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the text of a program
      from: "${await (await import('wsl-utils')).powerShellPath()}",
      to: 'powershell.exe',
    },
  ],
  transform: requiredLate,
};

/** cli-table3: text that is plain is as wide as it is long, which needs no tables of characters. */
const TABLE = {
  files: /[\\/]cli-table3[\\/]src[\\/].*\.js$/,
  folder: 'node_modules/cli-table3',
  rare: ['string-width', '@colors/colors/safe'],
  changes: [
    {
      file: 'src/utils.js',
      from: "const stringWidth = require('string-width');",
      to: "const stringWidth = (text) => (/^[ -~]*$/.test(text) ? text.length : require('string-width')(text));",
    },
  ],
  transform: (text) => text,
};

/** Our own files that require what they need seldom. */
const OURS = {
  files: /[\\/]src[\\/](base[\\/]wide-text|cli[\\/]progress)\.ts$/,
  folder: '.',
  rare: ['string-width', 'wrap-ansi', 'ora'],
  changes: [],
};

/** zod: errors in English alone. */
const ZOD = {
  files: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/,
  rare: [],
  changes: [],
  transform: () => "export { default as en } from './en.js';",
};

/** undici: connections, without what browsers have on top of them. */
const UNDICI = {
  files: /[\\/]undici[\\/]index\.js$/,
  rare: [],
  changes: [{ file: 'undici/index.js', from: 'new CacheStorage(kConstruct)', to: 'undefined' }],
  transform: (text) => text.replace(/require\('\.\/lib\/(?:mock|web|interceptor|cache)\b[^']*'\)/g, '({})'),
};

export const leanOclif = lean({ OCLIF });
export const leanCommands = lean({ OCLIF, TABLE, OURS, ZOD, UNDICI });
export const leanLibrary = lean({ ZOD, UNDICI });

function lean(packages) {
  return {
    name: 'lean packages',
    setup({ onLoad, onResolve, onEnd }) {
      const found = new Set();
      for (const [name, { files, rare, changes, transform }] of Object.entries(packages)) {
        onResolve({ filter: new RegExp(`^(${rare.join('|')})$`), namespace: 'file' }, ({ path, importer }) =>
          files.test(importer) ? { path: keyOf(name, path), namespace: 'rare' } : undefined,
        );
        if (transform)
          onLoad({ filter: files }, ({ path }) => ({
            contents: transform(changed(path, changes, found)),
            loader: 'js',
          }));
      }
      onLoad({ filter: /./, namespace: 'rare' }, ({ path }) => ({
        contents: `module.exports = require('./${RARE_FILE}')['${path}'];`,
      }));
      onResolve({ filter: new RegExp(RARE_FILE) }, ({ path }) => ({ path, external: true }));
      onEnd(() => {
        const lost = Object.values(packages)
          .flatMap(({ changes }) => changes)
          .find((change) => !found.has(change));
        if (lost) throw new Error(`${lost.file} has changed: look through bin/bundle/lean-packages.js`);
      });
    },
  };
}

function changed(path, changes, found) {
  let text = readFileSync(path, 'utf8');
  for (const change of changes) {
    if (!path.split(sep).join('/').endsWith(change.file) || !text.includes(change.from)) continue;
    text = text.replace(change.from, () => change.to);
    found.add(change);
  }
  return text;
}

/** The file with what is needed seldom, for the folder of the output that holds the rest. */
export function rareParts(outdir, packages = { OCLIF, TABLE, OURS }) {
  const getters = Object.entries(packages).flatMap(([name, { rare }]) => rare.map((path) => keyOf(name, path)));
  return build({
    ...usual,
    stdin: {
      contents: `module.exports = { ${getters.map((key) => `get '${key}'() { return require('${key}'); }`).join(', ')} };`,
    },
    format: 'cjs',
    outfile: join(outdir, RARE_FILE),
    metafile: true,
    plugins: [fromTheirFolders(packages)],
  });
}

/** Each package has its own version of what it needs. */
function fromTheirFolders(packages) {
  return {
    name: 'from their folders',
    setup({ onResolve, resolve }) {
      onResolve({ filter: KEY }, ({ path, kind }) => {
        const [, name, wanted] = KEY.exec(path);
        return resolve(wanted, { kind, resolveDir: join(root, packages[name].folder) });
      });
    },
  };
}

const KEY = /^([A-Z_]+):(.+)$/;

function keyOf(name, path) {
  return `${name}:${path}`;
}

/** As TypeScript writes it: `const flags_1 = require("./flags");`. */
const REQUIRED = /^const (\w+_\d+) = (?:(__importDefault|__importStar)\()?(require\("[^"]+"\))\)?;$/gm;

function requiredLate(text) {
  const getters = [];
  const names = new Set();
  const rest = text.replace(REQUIRED, (_, name, wrap, required) => {
    names.add(name);
    const value = wrap ? `${wrap}(${required})` : required;
    getters.push(`_${name}: undefined, get ${name}() { return this._${name} ??= ${value}; },`);
    return '';
  });
  if (names.size === 0) return text;
  const used = rest.replace(/(?<![\w$.'"])\w+_\d+(?=\.)/g, (name) => (names.has(name) ? `late.${name}` : name));
  return used.replace('"use strict";', `"use strict"; const late = { ${getters.join(' ')} };`);
}
