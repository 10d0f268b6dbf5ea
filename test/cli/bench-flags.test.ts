import { describe, expect, it } from 'vitest';
import { withJsonFile } from '../../src/cli/bench-flags.js';

describe('--json of gollama bench', () => {
  it.each([
    ['--json', '--json -'],
    ['--json -', '--json -'],
    ['--json out.json', '--json out.json'],
    ['--json=out.json', '--json=out.json'],
    ['--json -n 4', '--json - -n 4'],
    ['--json http://host:1', '--json - http://host:1'],
    ['--json host:8090', '--json - host:8090'],
    ['--json host:8090/v1', '--json - host:8090/v1'],
    ['--json :8090', '--json - :8090'],
    ['--json [::1]:8090', '--json - [::1]:8090'],
    ['--json C:/out.json', '--json C:/out.json'],
    ['http://host:1 --json', 'http://host:1 --json -'],
  ])('of "%s" means "%s"', (written, meant) => {
    expect(withJsonFile(written.split(' ')).join(' ')).toBe(meant);
  });
});
