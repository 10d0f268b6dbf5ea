/** An interactive shell on a terminal, in which keys are pressed. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { atEnd } from './ending.js';
import { eventually } from './eventually.js';
import type { Place } from './place.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const READY = 'READY> ';

/** Whether the machine has that shell. */
export function isInstalled(shell: Shell): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, shell), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface ShellSession {
  /** Presses these keys, and Enter; resolves with what the terminal has shown since when the next prompt is there. */
  press(keys: string): Promise<string>;
}

/** `setUp`: what the shell runs first. `path` goes before the usual folders of programs. */
export async function startShell(
  shell: Shell,
  place: Place,
  { path, setUp, env }: { path: string; setUp: string; env?: Record<string, string> },
): Promise<ShellSession> {
  const terminal = spawn(shell, argumentsFor(shell, place, setUp), {
    cwd: place.cwd,
    cols: 200,
    rows: 40,
    env: {
      PATH: `${path}${delimiter}${process.env.PATH}`,
      HOME: place.home,
      ZDOTDIR: place.home,
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
      ...env,
    },
  });
  atEnd(() => terminal.kill('SIGKILL'));
  let shown = '';
  terminal.onData((text) => {
    shown += text;
  });
  const prompt = () => eventually(`the prompt of ${shell}, after:\n${shown}`, () => shown.includes(READY));
  await prompt();
  return {
    async press(keys) {
      shown = '';
      terminal.write(`${keys}\r`);
      await eventually(`what ${shell} ran, after:\n${shown}`, () => shown.includes('RAN<'));
      await prompt();
      return shown;
    },
  };
}

function argumentsFor(shell: Shell, place: Place, setUp: string): string[] {
  switch (shell) {
    case 'bash':
      return ['--noprofile', '--rcfile', place.write('setup.bash', `${setUp}\nPS1='${READY}'\n`), '-i'];
    case 'zsh':
      place.write(join(place.home, '.zshrc'), `autoload -Uz compinit && compinit -u\n${setUp}\nPROMPT='${READY}'\n`);
      return ['-o', 'no_global_rcs', '-i'];
    case 'fish':
      return [
        '--no-config',
        '--init-command',
        `source ${place.write('setup.fish', `${setUp}\nfunction fish_prompt\n  echo -n '${READY}'\nend\n`)}`,
        '--interactive',
      ];
  }
}
