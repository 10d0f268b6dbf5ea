/** A text in the editor of the user, and what it is afterwards. The terminal is the editor's meanwhile. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { GollamaError, messageOf } from '../../base/errors.js';

export interface EditorSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface EditedText {
  readonly text: string;
  readonly isChanged: boolean;
  /** Why the text is as it was, where that was not the user's wish. */
  readonly problem?: string | undefined;
}

const FALLBACKS = ['vi', 'nano'];
const HINT = 'set $VISUAL or $EDITOR to the editor you like, such as EDITOR=nano';

/** Rejects with GollamaError `configuration` where there is no editor. An editor that fails leaves the text as it was. */
export async function editText(
  text: string,
  around: EditorSurroundings,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<EditedText> {
  const command = await findEditor(around);
  // A folder of its own, for its user only: no editor's spare copy is left behind.
  const folder = await mkdtemp(join(tmpdir(), 'gollama-'));
  try {
    const file = join(folder, 'message.md');
    await writeFile(file, text, { mode: 0o600 });
    const problem = await runEditor(command, file, around, signal);
    if (problem !== undefined) return { text, isChanged: false, problem };
    // Editors end a file with a line break.
    const edited = (await readFile(file, 'utf8')).replaceAll('\r\n', '\n');
    const whole = text.endsWith('\n') ? edited : edited.replace(/\n$/, '');
    return { text: whole, isChanged: whole !== text };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `$VISUAL` or `$EDITOR` as a line for the shell, as everybody takes it: with arguments and quotes. */
async function findEditor({ env }: EditorSurroundings): Promise<string> {
  for (const given of [env.VISUAL, env.EDITOR]) if (given !== undefined && given.trim() !== '') return given;
  for (const name of FALLBACKS) if (await isOnPath(name, env.PATH)) return name;
  throw new GollamaError('configuration', 'no editor found', { hint: HINT });
}

async function isOnPath(name: string, path = ''): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    const isThere = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}

/** What went wrong, or undefined. */
async function runEditor(
  command: string,
  file: string,
  { env }: EditorSurroundings,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const child = spawn('/bin/sh', ['-c', `${command} "$@"`, command, file], { stdio: 'inherit', env, signal });
  try {
    const [code, killedBy] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    if (code === 0) return undefined;
    if (code === 127) throw new GollamaError('configuration', `the editor "${command}" was not found`, { hint: HINT });
    return `the editor "${command}" ended with ${killedBy ?? code}; the text is unchanged`;
  } catch (thrown) {
    if (thrown instanceof GollamaError) throw thrown;
    if (signal?.aborted) throw signal.reason;
    throw new GollamaError('configuration', `cannot start the editor "${command}": ${messageOf(thrown)}`, {
      hint: HINT,
      cause: thrown,
    });
  }
}
