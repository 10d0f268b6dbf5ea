import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { copyText } from '../../../src/cli/terminal/clipboard.js';
import { endAll } from '../../support/ending.js';
import { ManualClock } from '../../support/manual-clock.js';
import { makePlace } from '../../support/place.js';

afterEach(endAll);

function terminal(isTTY = true) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => written.push(text) };
}

/** A folder of clipboard programs that write what they get beside themselves. */
function programs(...names: string[]) {
  const place = makePlace();
  for (const name of names) place.write(`bin/${name}`, `#!/bin/sh\n/bin/cat > "${place.cwd}/${name}.out"\n`, 0o755);
  const copied = (name: string) => readFileSync(`${place.cwd}/${name}.out`, 'utf8');
  return { PATH: `${place.cwd}/bin`, place, copied };
}

describe('a copied text', () => {
  it.each([
    ['pbcopy', 'darwin', {}],
    ['wl-copy', 'linux', { WAYLAND_DISPLAY: 'wayland-0', DISPLAY: ':0' }],
    ['xclip', 'linux', { DISPLAY: ':0' }],
  ])('goes to %s where it fits the desktop', async (name, platform, env) => {
    const { PATH, copied } = programs('pbcopy', 'wl-copy', 'xclip', 'xsel');
    const { written, ...screen } = terminal();
    const result = await copyText('你好\n', screen, { env: { ...env, PATH }, platform }, systemClock);
    expect(result).toEqual({ isCopied: true, by: name, isCertain: true });
    expect(copied(name)).toBe('你好\n');
    expect(written).toEqual([]);
  });

  it('goes to the next program where one is missing or fails', async () => {
    const { PATH, place, copied } = programs('xsel');
    place.write('bin/wl-copy', '#!/bin/sh\nexit 1\n', 0o755);
    const env = { PATH, WAYLAND_DISPLAY: 'wayland-0', DISPLAY: ':0' };
    expect(await copyText('x', terminal(), { env, platform: 'linux' }, systemClock)).toMatchObject({ by: 'xsel' });
    expect(copied('xsel')).toBe('x');
  });

  it('is given to the terminal where there is no program, and over ssh', async () => {
    const { PATH } = programs('xclip');
    for (const env of [{ PATH }, { PATH, DISPLAY: ':0', SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }]) {
      const screen = terminal();
      const result = await copyText('hé', screen, { env, platform: 'linux' }, systemClock);
      expect(result).toEqual({ isCopied: true, by: 'the terminal', isCertain: false });
      expect(screen.written).toEqual([`\x1b]52;c;${Buffer.from('hé').toString('base64')}\x07`]);
    }
  });

  it('is not copied, and says why, where the terminal cannot take it', async () => {
    const around = { env: {}, platform: 'linux' };
    expect(await copyText('x', terminal(false), around, systemClock)).toMatchObject({ isCopied: false });
    expect(await copyText('x', terminal(), { ...around, env: { TERM: 'dumb' } }, systemClock)).toMatchObject({
      isCopied: false,
    });
    const screen = terminal();
    expect(await copyText('x'.repeat(80_000), screen, around, systemClock)).toMatchObject({
      isCopied: false,
      why: expect.stringMatching(/too long/),
    });
    expect(screen.written).toEqual([]);
  });

  it('does not wait for ever for a program', async () => {
    const clock = new ManualClock();
    const { PATH, place } = programs();
    place.write('bin/xclip', '#!/bin/sh\nexec /bin/sleep 600\n', 0o755);
    const screen = terminal();
    const copying = copyText('x', screen, { env: { PATH, DISPLAY: ':0' }, platform: 'linux' }, clock);
    expect(clock.timers).toBe(1);
    clock.advance(2_000);
    expect(await copying).toMatchObject({ by: 'the terminal' });
  });
});
