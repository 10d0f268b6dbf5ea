import { describe, expect, it } from 'vitest';
import { configFolder, stateFolder } from '../../src/base/user-folders.js';

describe('the folders of a user', () => {
  it('are where the variables say, where that is absolute', () => {
    expect([configFolder('/x', '/home/me'), stateFolder('/y', '/home/me')]).toEqual(['/x/gollama', '/y/gollama']);
  });

  it.each([undefined, '', 'relative', '~/x'])('are the usual ones where the variables say %j', (said) => {
    expect([configFolder(said, '/home/me'), stateFolder(said, '/home/me')]).toEqual([
      '/home/me/.config/gollama',
      '/home/me/.local/state/gollama',
    ]);
  });
});
