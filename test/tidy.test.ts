/** The rules of the house that a machine can keep. A rule that is broken names every place as `file:line`. */
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesIn, SourceFile } from './support/source-file.js';

const src = filesIn(['src'], ['.ts']);
const commands = filesIn(['commands'], ['.ts']);
const bench = filesIn(['bench'], ['.ts', '.mjs']);
const product = [...src, ...commands, ...bench];
const bin = filesIn(['bin'], ['.js']);
const tests = filesIn(['test'], ['.ts', '.mjs']);
const everything = filesIn(
  ['.', '.ci', 'bin', 'config', 'src', 'commands', 'bench', 'test'],
  ['.ts', '.mjs', '.js', '.json', '.yaml', '.md', '.c', '.sh', 'run', '.npmrc', '.gitignore'],
);

interface Exception {
  /** The file, or the folder with a slash at its end. */
  readonly path: string;
  /** What is excepted there; without it, everything. */
  readonly text?: RegExp;
  readonly because: string;
}

const ENVIRONMENT = /\bprocess\.env\b/;
const TIME_AND_CHANCE =
  /\b(Date\.now\b|new Date\(\s*\)|setTimeout\b|setInterval\b|Math\.random\b|performance\.now\b|AbortSignal\.timeout\b)/;
const CONSOLE = /\bconsole\./;
const ANY = /(?<!\.)\bany\b/;
const UNCHECKED = /@ts-(ignore|expect-error|nocheck)/;
const NON_NULL = /[\w)\]]!(?!=)/;
const MARK = /\b(TODO|FIXME|XXX|HACK)\b/;
const LEFT_OUT = /\b(it|test|describe)(\.\w+)*\.(only|skip|todo)\b/;
/** `/home/me` is nobody's: examples say so. */
const MACHINE_PATH = /(?<![\w.~-])\/((home|Users)\/(?!(me|you)\b)\w|(root|work)\/\w)/;

const used = new Set<Exception>();
const exceptions: Exception[] = [];

/** The places that break a rule, without the exceptions. */
function broken(
  files: readonly SourceFile[],
  find: (file: SourceFile) => Finding[],
  except: Exception[] = [],
): string[] {
  exceptions.push(...except);
  const places: string[] = [];
  for (const file of files) {
    for (const { line, text } of find(file)) {
      const exception = except.find(({ path, text: excepted }) => {
        return (path.endsWith('/') ? file.path.startsWith(path) : file.path === path) && (excepted?.test(text) ?? true);
      });
      if (exception) used.add(exception);
      else places.push(`${file.path}:${line}: ${text}`);
    }
  }
  return places;
}

interface Finding {
  readonly line: number;
  readonly text: string;
}

/** Layer by layer: what each may import beside itself. `app` is what stands in `src` itself, but for the way into the library. */
const SERVER = ['base', 'protocol', 'config', 'engine', 'pool', 'queue', 'stream', 'tasks', 'gateway'];
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  stream: ['base', 'protocol'],
  ...Object.fromEntries(SERVER.slice(2, 6).map((layer, at) => [layer, SERVER.slice(0, at + 2)])),
  tasks: SERVER.slice(0, 7),
  gateway: SERVER.slice(0, 8),
  app: SERVER,
  library: [...SERVER, 'client', 'app'],
  client: ['base', 'protocol'],
  chat: ['base', 'protocol', 'client'],
  cli: ['base', 'protocol', 'client', 'chat', 'config'],
  bench: ['base', 'protocol', 'client'],
  commands: ['base', 'protocol', 'client', 'chat', 'cli', 'config', 'app', 'bench'],
};

function layerOf(path: string): string | undefined {
  if (!path.endsWith('.ts')) return undefined;
  const [top, folder = ''] = path.split('/');
  if (top === 'commands' || top === 'bench') return top;
  if (path === 'src/index.ts') return 'library';
  return top === 'src' ? (folder.endsWith('.ts') ? 'app' : folder) : undefined;
}

describe('imports', () => {
  it('go down the layers only', () => {
    const find = (file: SourceFile) => {
      const from = layerOf(file.path) ?? '';
      return file.imports.flatMap(({ line, target }) => {
        const to = layerOf(target);
        const allowed = to === undefined || to === from || LAYERS[from]?.includes(to);
        return allowed ? [] : [{ line, text: `${from} imports ${target}` }];
      });
    };
    expect(
      broken(product, find, [
        {
          path: 'commands/simulate.ts',
          text: /src\/engine\/simulated\//,
          because: 'it is the simulated engine as a process, without the server around it',
        },
        {
          path: 'bench/queue/',
          because: 'it measures the store and the runner themselves, without a server around them',
        },
        { path: 'bench/stream/', because: 'it measures the faces of logs themselves, without engines behind them' },
      ]),
    ).toEqual([]);
  });

  it('name concrete engines only where engines are created', () => {
    const concrete = /^src\/engine\/(llama-server\.ts$|openai\.ts$|ollama\.ts$|remote-engine\.ts$|simulated\/)/;
    const mayKnow =
      /^src\/(app|.*\/create-[\w-]+)\.ts$|^src\/engine\/simulated\/|^src\/engine\/(openai|ollama)\.ts$|^commands\/simulate\.ts$/;
    const find = (file: SourceFile) =>
      file.imports.filter(({ target }) => concrete.test(target)).map(({ line, target }) => ({ line, text: target }));
    expect(
      broken(
        product.filter(({ path }) => !mayKnow.test(path)),
        find,
      ),
    ).toEqual([]);
  });

  it('lead to every file in src', () => {
    const imported = [...product, ...bin].flatMap((file) => file.imports.map(({ target }) => target));
    // What is installed imports what was compiled; hooks are named in package.json.
    const hooks = filesIn(['.'], ['package.json']).flatMap(({ text }) => text.match(/dist\/src\/[\w/-]+\.js/g) ?? []);
    const targets = new Set(
      [...imported, ...hooks].map((target) => target.replace(/^dist\//, '').replace(/\.js$/, '.ts')),
    );
    // A thread is started by the name of its program.
    const programs = new Set(src.flatMap(({ text }) => text.match(/(?<=')[\w-]+-thread(?=')/g) ?? []));
    const lonely = src.filter(({ path }) => !targets.has(path) && !programs.has(basename(path, '.ts')));
    const find = () => [{ line: 1, text: 'nobody imports it' }];
    expect(broken(lonely, find)).toEqual([]);
  });

  it('of a command load nothing heavy before it runs', () => {
    const heavy =
      /^(fastify|pino|pino-pretty|prom-client|rotating-file-stream|undici|yaml|zod|ora|cli-table3|marked|highlight\.js(\/.+)?|string-width|wrap-ansi)$/;
    const byPath = new Map(product.map((file) => [file.path, file]));
    const find = (command: SourceFile) => {
      const chains = new Map([[command.path, command.path]]);
      const findings: Finding[] = [];
      for (const [path, chain] of chains) {
        for (const { target, typeOnly, dynamic } of byPath.get(path)?.imports ?? []) {
          if (typeOnly || dynamic) continue;
          if (heavy.test(target)) findings.push({ line: 1, text: `${chain} -> ${target}` });
          else if (byPath.has(target) && !chains.has(target)) chains.set(target, `${chain} -> ${target}`);
        }
      }
      return findings;
    };
    expect(broken(commands, find)).toEqual([]);
  });

  it('do not go through barrels', () => {
    const find = (file: SourceFile) => {
      if (/\/index\.ts$/.test(file.path)) return [{ line: 1, text: 'a barrel' }];
      // A package under a name of ours hides nothing of ours.
      return file.places(/^export \*(?! as \w+ from '[^.])/, 'text');
    };
    expect(
      broken(src, find, [{ path: 'src/index.ts', because: 'the one way in for users of the library' }].filter(isThere)),
    ).toEqual([]);
  });
});

function isThere({ path }: Exception): boolean {
  return src.some((file) => file.path === path);
}

describe('files', () => {
  it('have 400 lines at most', () => {
    const find = (file: SourceFile) => (file.lines > 400 ? [{ line: 401, text: `${file.lines} lines` }] : []);
    expect(broken([...product, ...bin], find)).toEqual([]);
  });

  it('and folders are not named after nothing', () => {
    const find = (file: SourceFile) =>
      /(^|[/-])(utils?|helpers?|types|managers?|common|misc)([/.]|$)/.test(file.path)
        ? [{ line: 1, text: 'its name' }]
        : [];
    expect(broken([...product, ...tests], find)).toEqual([]);
  });
});

describe('code', () => {
  it('reads the environment in one place', () => {
    expect(
      broken(product, (file) => file.places(ENVIRONMENT), [
        { path: 'src/config/load.ts', because: 'the one place' },
        { path: 'bench/relay/', because: 'it starts processes, and a cache is where its user keeps caches' },
      ]),
    ).toEqual([]);
  });

  it('takes time and chance from outside', () => {
    expect(
      broken(product, (file) => file.places(TIME_AND_CHANCE), [
        { path: 'src/base/clock.ts', because: 'the one clock' },
        { path: 'src/base/random.ts', because: 'the one source of chance' },
        { path: 'bench/relay/', because: 'it measures real processes in real time' },
      ]),
    ).toEqual([]);
  });

  it('prints in commands only', () => {
    const files = product.filter(({ path }) => !/^(src\/cli|commands)\//.test(path));
    expect(broken(files, (file) => file.places(CONSOLE))).toEqual([]);
  });

  it('has its types checked', () => {
    const find = (file: SourceFile) => [
      ...file.places(ANY),
      ...file.places(UNCHECKED, 'text'),
      ...file.places(NON_NULL),
    ];
    expect(broken(product, find)).toEqual([]);
  });
});

describe('what is handed in', () => {
  it('has no left-over marks', () => {
    expect(
      broken(everything, (file) => file.places(MARK, 'text'), [
        { path: 'test/tidy.test.ts', because: 'it looks for them' },
      ]),
    ).toEqual([]);
  });

  it('leaves no test out', () => {
    expect(broken(tests, (file) => file.places(LEFT_OUT))).toEqual([]);
  });

  it('tells nothing of the machine it was made on', () => {
    const except = [{ path: 'test/bench/relay/options.test.ts', because: 'a made-up root folder' }];
    expect(broken(everything, (file) => file.places(MACHINE_PATH, 'text'), except)).toEqual([]);
  });

  it('does not tell which registry packages came from', () => {
    const lock = filesIn(['.'], ['package-lock.json']);
    expect(lock).toHaveLength(1);
    expect(broken(lock, (file) => file.places(/"resolved"|registry\./, 'text'))).toEqual([]);
  });
});

describe('a rule', () => {
  const places = (text: string, pattern: RegExp, of: 'code' | 'text' = 'code') =>
    new SourceFile('src/x/y.ts', text).places(pattern, of).map(({ line }) => line);

  it.each<[string, RegExp, string]>([
    ['the environment', ENVIRONMENT, 'const home = process.env.HOME;'],
    ['the time', TIME_AND_CHANCE, 'const at = new Date();'],
    ['a timer', TIME_AND_CHANCE, 'setTimeout(run, 5);'],
    ['a hidden timer', TIME_AND_CHANCE, 'fetch(url, { signal: AbortSignal.timeout(5) });'],
    ['the console', CONSOLE, 'console.log(1);'],
    ['any', ANY, 'function f(x: any[]) {}'],
    ['a non-null mark', NON_NULL, 'list[0]!.name;'],
    ['a non-null mark at the end', NON_NULL, 'const one = first()!;'],
    ['a test that is left out', LEFT_OUT, "describe.skip('x', () => {});"],
    ['a test that leaves out the others', LEFT_OUT, "it.only.each([1])('x', () => {});"],
  ])('finds %s in code, and not in comments and strings', (_what, pattern, code) => {
    const quoted = code.replaceAll("'", '').replaceAll('`', '');
    expect(places(`\n${code}`, pattern)).toEqual([2]);
    expect(places(`// ${code}\n/* ${code}\n ${code} */ const s = '${quoted}' + \`${quoted}\`;`, pattern)).toEqual([]);
  });

  it('finds code inside a template', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the text of a program
    expect(places('const s = `a\n${process.env.HOME} b`;', ENVIRONMENT)).toEqual([2]);
  });

  it.each<[string, RegExp, string]>([
    ['marks', MARK, `// ${'TO'}DO: later`],
    ['switched off checks', UNCHECKED, '// @ts-ignore'],
    ['paths of a machine', MACHINE_PATH, `see /${'home'}/somebody/x`],
  ])('finds %s also in comments', (_what, pattern, text) => {
    expect(places(text, pattern, 'text')).toEqual([1]);
  });

  it('sees every form of import', () => {
    const text = [
      "import { a } from './a.js';",
      "import type { B } from '../b.js';",
      'import {',
      '  c,',
      "} from 'package';",
      "export { d } from './d.js';",
      "const e = await import('./e.js');",
      "// import { f } from './f.js';",
      "import './g.js';",
    ].join('\n');
    const { imports } = new SourceFile('src/x/y.ts', text);
    expect(imports.map(({ line, target, typeOnly, dynamic }) => [line, target, typeOnly, dynamic])).toEqual([
      [1, 'src/x/a.ts', false, false],
      [2, 'src/b.ts', true, false],
      [3, 'package', false, false],
      [6, 'src/x/d.ts', false, false],
      [7, 'src/x/e.ts', false, true],
      [9, 'src/x/g.ts', false, false],
    ]);
  });
});

describe('exceptions', () => {
  it('are all needed', () => {
    expect(exceptions.length).toBeGreaterThan(0);
    expect(exceptions.filter((exception) => !used.has(exception))).toEqual([]);
  });
});
