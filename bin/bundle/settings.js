// What every bundle is made with.
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

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
