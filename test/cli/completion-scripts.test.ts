/** The scripts of `gollama completion` in real shells, on a terminal: a stand-in for gollama answers, keys are pressed. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bashScript } from '../../src/cli/completion/bash-script.js';
import { fishScript } from '../../src/cli/completion/fish-script.js';
import { zshScript } from '../../src/cli/completion/zsh-script.js';
import { endAll } from '../support/ending.js';
import { makePlace } from '../support/place.js';
import { isInstalled, SHELLS, type Shell, startShell } from '../support/shell-session.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Notes what it is asked for, one word in brackets after the other, and otherwise says with which words it ran. */
const STAND_IN = `#!/bin/sh
bracketed() { for word in "$@"; do printf '[%s]' "$word"; done; }
if [ "$1" != __complete ]; then printf 'RAN<'; bracketed "$@"; printf '>\\n'; exit; fi
bracketed "$@" >> "$ASKED"; echo >> "$ASKED"
for last; do :; done
case "$last" in
  sta*) printf 'none\\nstatus\\tabout the status: all of it\\n' ;;
  01:*) printf 'none\\n01:abc\\ta task\\n' ;;
  --output=*) printf 'none\\n--output=table\\tthe form\\n' ;;
  failed,*) printf 'none\\nfailed,cancelled\\t\\n' ;;
  *two*) printf 'none\\ntwo words\\t\\n' ;;
  --config=*|./*|*/wo*) printf 'files\\n' ;;
  '') printf 'none\\nonly\\tthe only one\\n' ;;
  *) printf 'none\\n' ;;
esac
`;

/** What is typed before the tab, and with which words the program then runs. */
const PRESSED: readonly (readonly [string, string])[] = [
  ['gollama sta\t', '[status]'],
  ['gollama status 01:\t', '[status][01:abc]'],
  ['gollama cancel 01:x 01:a\t', '[cancel][01:x][01:abc]'],
  ['gollama status --output=t\t', '[status][--output=table]'],
  ['gollama list --status failed,c\t', '[list][--status][failed,cancelled]'],
  ['gollama attach \t', '[attach][only]'],
  ['gollama serve ./notes\t', '[serve][./notes of mine.yaml]'],
  ['gollama serve --config=./notes\t', '[serve][--config=./notes of mine.yaml]'],
  ['gollama submit two\t', '[submit][two words]'],
  ['gollama nothing here\t', '[nothing][here]'],
];

describe.each(SHELLS.filter(isInstalled))('in %s', (shell) => {
  it('the tab key completes what is typed', async () => {
    const { session, asked } = await start(shell);
    const ran: (readonly [string, string])[] = [];
    for (const [keys] of PRESSED) {
      const shown = await session.press(keys);
      ran.push([keys, /RAN<(.*?)>/.exec(shown)?.[1] ?? shown]);
    }
    expect(ran).toEqual(PRESSED);
    expect(asked()).toEqual(
      expect.arrayContaining([
        `[__complete][${shell}][--][sta]`,
        `[__complete][${shell}][--][cancel][01:x][01:a]`,
        `[__complete][${shell}][--][status][--output=t]`,
        `[__complete][${shell}][--][attach][]`,
      ]),
    );
    // Up to the cursor, not what stands behind it.
    const left = '\u001b[D';
    await session.press(`gollama status --output=t x${left}${left}\t`);
    expect(asked().at(-1)).toBe(`[__complete][${shell}][--][status][--output=t]`);
  });
});

afterAll(endAll);

async function start(shell: Shell) {
  const place = makePlace();
  const program = place.write('bin/gollama', STAND_IN, 0o755);
  const script = place.write(`completion.${shell}`, SCRIPTS[shell]('gollama'));
  place.write('notes of mine.yaml', '');
  const ASKED = join(place.cwd, 'asked.txt');
  const session = await startShell(shell, place, {
    path: dirname(program),
    setUp: `source ${script}`,
    env: { ASKED },
  });
  return { session, asked: () => readFileSync(ASKED, 'utf8').trimEnd().split('\n') };
}
