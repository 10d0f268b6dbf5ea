/** The checks as lines for people. */
import type { Style } from '../terminal/style.js';
import type { Check, CheckStatus } from './check.js';
import { count } from './config-check.js';

const COLOR = { ok: 'green', warn: 'yellow', fail: 'red' } as const satisfies Record<CheckStatus, string>;
const STATUS_WIDTH = 6;

export function reportLines(checks: readonly Check[], style: Style): string[] {
  const nameWidth = Math.max(...checks.map(({ name }) => name.length)) + 2;
  return [...checks.flatMap((check) => checkLines(check, nameWidth, style)), summary(checks)];
}

function checkLines({ name, status, detail, fix }: Check, nameWidth: number, style: Style): string[] {
  const margin = ' '.repeat(STATUS_WIDTH + nameWidth);
  const [first = '', ...more] = detail.split('\n');
  const head = style[COLOR[status]](status) + ' '.repeat(STATUS_WIDTH - status.length) + name.padEnd(nameWidth);
  const lines = [head + first, ...more.map((line) => margin + line)];
  return fix === null ? lines : [...lines, `${margin}${style.bold('fix:')} ${fix}`];
}

function summary(checks: readonly Check[]): string {
  const number = (status: CheckStatus) => checks.filter((check) => check.status === status).length;
  const [problems, warnings] = [number('fail'), number('warn')];
  const told = [
    ...(problems > 0 ? [count(problems, 'problem')] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ];
  return told.length === 0 ? 'no problem found' : told.join(', ');
}
