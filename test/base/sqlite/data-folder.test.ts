import { chmodSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../../src/base/sqlite/data-folder.js';

const freshFolder = () => mkdtempSync(join(tmpdir(), 'gollama-folder-'));

describe('a data folder', () => {
  it('is made with its parents, for its user alone, and may be there already', async () => {
    const folder = join(freshFolder(), 'a', 'b', 'c');
    await Promise.all([makeFolder('tasks', folder), makeFolder('tasks', folder)]);
    await makeFolder('tasks', folder);
    expect(statSync(folder).isDirectory()).toBe(true);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('that is a file, or below one, is refused as a wrong configuration', async () => {
    const file = join(freshFolder(), 'file');
    writeFileSync(file, '');
    for (const folder of [file, join(file, 'tasks')]) {
      await expect(makeFolder('tasks', folder)).rejects.toMatchObject({ code: 'configuration' });
    }
  });

  it.skipIf(process.getuid?.() === 0)('that cannot be written is refused as a wrong configuration', async () => {
    const folder = freshFolder();
    chmodSync(folder, 0o500);
    await expect(makeFolder('tasks', folder)).rejects.toMatchObject({ code: 'configuration' });
  });

  it.runIf(process.platform === 'linux')('below a folder that takes none is refused, not tried for ever', async () => {
    await expect(makeFolder('tasks', '/proc/gollama/tasks')).rejects.toMatchObject({ code: 'configuration' });
  });
});
