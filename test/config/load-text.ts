/** A configuration from a text, as `./gollama.yaml` would give it. */
import type { ServeFlags } from '../../src/config/flags.js';
import { type ParsedConfig, parseConfig } from '../../src/config/parse.js';

interface Rest {
  env?: Record<string, string>;
  flags?: ServeFlags;
  files?: Record<string, string>;
}

export function loadText(
  text: string | undefined,
  { env = {}, flags = {}, files = {} }: Rest = {},
): Promise<ParsedConfig> {
  return parseConfig({
    file: text === undefined ? undefined : { name: 'gollama.yaml', text },
    env,
    flags,
    cwd: '/work',
    home: '/home/me',
    readText: async (path) => {
      const found = files[path];
      if (found === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
      return found;
    },
  });
}

/** The lines of the message that a broken text is refused with. */
export async function problemsOf(text: string, rest: Rest = {}): Promise<string[]> {
  const outcome = await loadText(text, rest).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(outcome instanceof Error)) throw new Error('the text was accepted');
  return outcome.message.split('\n');
}
