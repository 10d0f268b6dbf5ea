import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { editText } from '../../../src/cli/terminal/text-editor.js';
import { endAll } from '../../support/ending.js';
import { makePlace, type Place } from '../../support/place.js';

afterEach(endAll);

/** An editor that is a program of the shell. `$1` is the file, behind other arguments the last. */
function editor(place: Place, program: string): string {
  return place.write('my editor.sh', `#!/bin/sh\n${program}\n`, 0o755);
}

const PATH = process.env.PATH;

describe('a text in an editor', () => {
  it('comes back as it was left, from a private file that is taken away', async () => {
    const place = makePlace();
    const script = editor(
      place,
      `cat "$1" > seen; echo "$1" > name; ls -l "$1" | cut -c1-10 > mode; printf 'new\\r\\ntext\\n' > "$1"`,
    );
    const command = `cd '${place.cwd}' && '${script}'`;
    const edited = await editText('old', { env: { PATH, EDITOR: command } });
    expect(edited).toEqual({ text: 'new\ntext', isChanged: true });
    const read = (name: string) => readFileSync(`${place.cwd}/${name}`, 'utf8').trim();
    expect([read('seen'), read('mode')]).toEqual(['old', '-rw-------']);
    expect(read('name')).toMatch(/\.md$/);
    expect(existsSync(read('name'))).toBe(false);
  });

  it('goes to $VISUAL before $EDITOR, with the arguments that stand there', async () => {
    const place = makePlace();
    const script = editor(place, 'echo "$1 $2" > "$3"');
    const edited = await editText('', { env: { PATH, VISUAL: `"${script}" --wait "two words"`, EDITOR: 'false' } });
    expect(edited.text).toBe('--wait two words');
  });

  it('is unchanged where the editor fails, and says so', async () => {
    const place = makePlace();
    const script = editor(place, 'echo other > "$1"; exit 3');
    const edited = await editText('kept', { env: { PATH, EDITOR: `'${script}'` } });
    expect(edited).toMatchObject({ text: 'kept', isChanged: false });
    expect(edited.problem).toMatch(/ended with 3; the text is unchanged/);
  });

  it('that nobody touched is unchanged, with its line end or without', async () => {
    const env = { PATH, EDITOR: 'true' };
    expect(await editText('a', { env })).toEqual({ text: 'a', isChanged: false });
    expect(await editText('a\n', { env })).toEqual({ text: 'a\n', isChanged: false });
  });

  it('goes to vi where nothing is set', async () => {
    const place = makePlace();
    place.write('bin/vi', '#!/bin/sh\necho from vi > "$1"\n', 0o755);
    const edited = await editText('', { env: { PATH: `${place.cwd}/bin`, EDITOR: ' ' } });
    expect(edited.text).toBe('from vi');
  });

  it('says what to set where there is no editor', async () => {
    const place = makePlace();
    const none = editText('', { env: { PATH: place.cwd } });
    await expect(none).rejects.toMatchObject({ code: 'configuration', message: 'no editor found' });
    const missing = editText('', { env: { PATH: place.cwd, EDITOR: 'no-such-editor' } });
    await expect(missing).rejects.toMatchObject({
      code: 'configuration',
      message: 'the editor "no-such-editor" was not found',
    });
  });

  it('is left when the wait ends', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(editText('', { env: { PATH, EDITOR: 'cat' } }, { signal })).rejects.toThrow('enough');
  });
});
