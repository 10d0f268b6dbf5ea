import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ROOT } from '../support/gollama-process.js';

it('bin/dev.js runs a command from its sources, without a build', async () => {
  const args = ['--import', 'tsx', 'bin/dev.js', 'help', 'exit-codes'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  expect(stdout).toMatch(/130 .*Ctrl\+C/);
});
