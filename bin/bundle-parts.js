// What bundle.js and bundle-oclif.js give to esbuild.
import { readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Names in stack traces stay readable: minified identifiers would save little and parse no faster. */
export const usual = {
  absWorkingDir: root,
  bundle: true,
  write: false,
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logOverride: { 'import-is-undefined': 'silent' },
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  // libsql finds its binary beside itself. The others are what oclif looks for only in development.
  external: ['libsql', 'tsx', 'tsx/*', 'ts-node', 'typescript', 'pnpapi'],
};

/** What CommonJS files find around them, for an output that holds some. */
export function withCommonJsNames(code) {
  const needed = [
    ['require', "process.getBuiltinModule('node:module').createRequire(import.meta.url)"],
    ['__filename', 'import.meta.filename'],
    ['__dirname', 'import.meta.dirname'],
  ].filter(([name]) => new RegExp(`(?<![\\w$])${name}(?![\\w$])`).test(code));
  if (needed.length === 0) return code;
  return `const ${needed.map(([name, value]) => `${name}=${value}`).join(',')};${code}`;
}

/**
 * oclif without what a short command does not need:
 * 1. a file is required when something of it is used, not when something is imported that might use it;
 * 2. commands are sorted without `localeCompare`, whose first call loads the tables of a language;
 * 3. the platform is what Node says, without asking whether it is a Windows in disguise;
 * 4. nothing is logged, and no logger loaded, unless $DEBUG is set;
 * 5. nobody looks for a file with colours for the help.
 */
export const leanOclif = {
  name: 'lean oclif',
  setup({ onLoad, onResolve, onEnd }) {
    let found = 0;
    onResolve({ filter: RARE, namespace: 'file' }, ({ path, importer }) =>
      OCLIF.test(importer) ? { path, namespace: 'rare' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'rare' }, ({ path }) => ({
      contents: `module.exports = require('./${RARE_FILE}')['${path}'];`,
    }));
    onResolve({ filter: new RegExp(RARE_FILE) }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: OCLIF }, ({ path }) => {
      let contents = readFileSync(path, 'utf8');
      for (const { file, from, to } of CHANGES) {
        if (!path.split(sep).join('/').endsWith(file) || !contents.includes(from)) continue;
        contents = contents.replace(from, to);
        found += 1;
      }
      return { contents: requiredLate(contents), loader: 'js' };
    });
    onEnd(() => {
      if (found !== CHANGES.length) throw new Error('oclif has changed: look through bin/bundle-parts.js');
    });
  },
};

const OCLIF = /[\\/]@oclif[\\/]core[\\/]lib[\\/].*\.js$/;
/** What oclif needs for help, progress, templates and the search for files: as much again as all the rest. */
const RARE_PACKAGES = [
  'cli-spinners',
  'debug',
  'ejs',
  'lilconfig',
  'minimatch',
  'string-width',
  'tinyglobby',
  'widest-line',
  'wrap-ansi',
];
const RARE = new RegExp(`^(${RARE_PACKAGES.join('|')})$`);
const RARE_FILE = 'oclif-rare.cjs';

/** The file that `leanOclif` leaves out, for the folder of the output that holds oclif. */
export function rareParts(outdir) {
  const getters = RARE_PACKAGES.map((name) => `get '${name}'() { return require('${name}'); }`);
  return build({
    ...usual,
    stdin: {
      contents: `module.exports = { ${getters.join(', ')} };`,
      resolveDir: join(root, 'node_modules/@oclif/core'),
    },
    format: 'cjs',
    outfile: join(outdir, RARE_FILE),
    metafile: true,
  });
}

const CHANGES = [
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
];

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

/** Without it, what is required is put into the output too, and runs when it is required. */
const OWN_REQUIRE = /^const require = createRequire\(import\.meta\.url\);$/m;

const OWN = new RegExp(`^${root.replaceAll('\\', '\\\\')}(src|commands|bench)[\\\\/].*\\.ts$`);

/**
 * Our own files. `together` are files that every command needs: they, and what they import, end up in one output, because
 * everything else imports them first; esbuild would otherwise make an output of every file that a different set of commands
 * needs, and opening an output costs more than reading it.
 */
export function ownFiles(together) {
  return {
    name: 'own files',
    async setup({ onLoad, onResolve }) {
      const first = await closure(together);
      onResolve({ filter: /^together$/ }, () => ({ path: 'together', namespace: 'together' }));
      onLoad({ filter: /./, namespace: 'together' }, () => ({
        contents: together.map((file) => `import './${file}';`).join('\n'),
        resolveDir: root,
      }));
      // Where one of them is an entry of its own, it is entered by way of the others too.
      onResolve({ filter: /\.[jt]s$/ }, ({ path, importer, kind }) => {
        if (kind !== 'entry-point' && kind !== 'dynamic-import') return undefined;
        const name = nameOf(join(kind === 'entry-point' ? root : dirname(importer), path.replace(/\.js$/, '.ts')));
        return first.has(name) ? { path: name, namespace: 'front' } : undefined;
      });
      onLoad({ filter: /./, namespace: 'front' }, ({ path }) => ({
        contents: `import 'together'; export * from './${path}';`,
        resolveDir: root,
      }));
      // Packages, too: so what the compiler needs to join CommonJS files to others is with the rest, not in an output of its own.
      onResolve({ filter: /^[@a-z]/ }, ({ path, importer, kind, resolveDir }) => {
        if (kind !== 'dynamic-import' || together.length === 0 || usual.external.includes(path)) return undefined;
        if (!OWN.test(importer)) return undefined;
        return { path, namespace: 'package', pluginData: resolveDir, suffix: `?${nameOf(importer)}` };
      });
      onLoad({ filter: /./, namespace: 'package' }, ({ path, pluginData: resolveDir }) => ({
        contents: `import 'together'; import * as all from '${path}'; export * from '${path}'; export default all.default;`,
        resolveDir,
      }));
      onLoad({ filter: OWN }, ({ path }) => {
        const name = nameOf(path);
        const written = readFileSync(path, 'utf8').replace(OWN_REQUIRE, '');
        if (/createRequire\(import\.meta/.test(written))
          throw new Error(`${name}: what it requires would not be there`);
        const source = hoisted(written, (target) => first.has(nameOf(join(dirname(path), target))));
        const text = source.replaceAll('import.meta.url', `${PLACE}("${compiledName(name)}")`);
        return { contents: first.size > 0 && !first.has(name) ? `import 'together';${text}` : text, loader: 'ts' };
      });
      // The first of our own files to run shall not load what only some commands need, such as https.
      onResolve({ filter: /^node:/ }, ({ path, importer, kind }) => {
        if (kind !== 'import-statement' || !first.has(nameOf(importer))) return undefined;
        return { path, namespace: 'late', suffix: `?${nameOf(importer)}` };
      });
      onLoad({ filter: /./, namespace: 'late' }, ({ path }) => ({ contents: loadedLate(path), loader: 'js' }));
    },
  };
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

/** The files that these import before they run, themselves included. */
async function closure(entryPoints) {
  const { metafile } = await build({ ...usual, entryPoints, outdir: root, metafile: true, packages: 'external' });
  const found = new Set();
  const add = (name) => {
    if (found.has(name)) return;
    found.add(name);
    for (const { path, kind, external } of metafile.inputs[name].imports) {
      if (!external && kind === 'import-statement') add(path);
    }
  };
  entryPoints.forEach(add);
  return found;
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
