/** Where a configuration file is looked for when none is named, first match wins. */
import { join } from 'node:path';
import { configFolder } from '../base/user-folders.js';
import type { Surroundings } from './resolve.js';

const EXTENSIONS = ['yaml', 'yml', 'json'];
const OWN_KEY =
  /(?:^|[\s{,])"?(server|queue|engines?|ollama(_host)?|scheduler|retry_config|logger|logging|listen_addr|storage_path|max_workers)"?\s*:/;

/** Absolute paths. Those behind the user's own are where the reference task queue has its file. */
export function searchOrder(around: Surroundings): string[] {
  const { cwd, home } = around;
  const configFiles = (folder: string) => EXTENSIONS.map((extension) => join(folder, `config.${extension}`));
  const [localYaml = '', ...local] = configFiles(cwd);
  return [
    join(cwd, 'gollama.yaml'),
    localYaml,
    userFile(around),
    ...local,
    ...configFiles(join(home, '.ollama-queue')),
    ...configFiles('/etc/ollama-queue'),
  ];
}

/** Many programs have a `config.json`, and every model that comes in a folder: one without any key of ours is theirs. */
export function isSomebodyElses(path: string, text: string, { cwd }: Surroundings): boolean {
  return path === join(cwd, 'config.json') && !OWN_KEY.test(text);
}

/** The user's own file. */
export function userFile({ env, home }: Pick<Surroundings, 'env' | 'home'>): string {
  return join(configFolder(env.XDG_CONFIG_HOME, home), 'gollama.yaml');
}
