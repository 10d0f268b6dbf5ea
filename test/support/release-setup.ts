/** Before all tests of `npm test`: makes the release whose processes are tested. It is what users have, and starts twice as fast. */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeRelease } from './release.js';

export default async function setUp(): Promise<void> {
  const runJs = process.env.GOLLAMA_TEST_RUN_JS;
  if (runJs === undefined) throw new Error('no place for the release was given');
  const folder = dirname(dirname(runJs));
  rmSync(folder, { recursive: true, force: true });
  await makeRelease(folder);
}
