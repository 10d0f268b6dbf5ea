/** Where clients look for the server when nobody names it: where the configuration lets it listen. */
import { GollamaError } from '../base/errors.js';
import { parseAddress } from './address.js';
import { findConfigFile, type LoadOptions, shortName } from './load.js';
import { formatRemark } from './remark.js';
import { textAt } from './tree.js';

/**
 * The base URL, or undefined where nothing says where it listens. Only a file that was named is required to be there and
 * to be YAML: any program may have a `config.yaml` in the folder that a client happens to run in.
 */
export async function configuredServerUrl(options: LoadOptions): Promise<string | undefined> {
  const addr = options.env.GOLLAMA_SERVER_ADDR || (await addressInFile(options));
  return addr === undefined ? undefined : reachableUrl(addr);
}

/** undefined for what is no address, and for port 0, which is another one each time. */
export function reachableUrl(addr: string): string | undefined {
  const address = parseAddress(addr);
  if (!address || address.port === 0) return undefined;
  const { host = '0.0.0.0', port } = address;
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  if (host === '::') return `http://[::1]:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function addressInFile(options: LoadOptions): Promise<string | undefined> {
  const isNamed = Boolean(options.path || options.env.GOLLAMA_CONFIG);
  try {
    const file = await findConfigFile(options);
    if (!file) return undefined;
    // Only here, so that a command without a file starts without it.
    const [{ readYaml }, { rewriteLegacy }] = await Promise.all([import('./yaml-tree.js'), import('./legacy.js')]);
    const { tree, problems } = readYaml(file.text, shortName(file.path, options.cwd));
    const [problem] = problems;
    if (problem) {
      throw new GollamaError('configuration', formatRemark(problem), {
        hint: `correct it, then try: gollama config check ${shortName(file.path, options.cwd)}`,
      });
    }
    return textAt(rewriteLegacy(tree).tree, ['server', 'addr']);
  } catch (thrown) {
    if (isNamed) throw thrown;
    return undefined;
  }
}
