/**
 * The answer to a shell that asks what could stand at the cursor. It needs nothing of oclif but the list of commands: `bin/run.js`
 * comes here without loading the rest, since a person waits for every key.
 */
import { systemClock } from '../../base/clock.js';
import { DEFAULT_SERVER_URL, parseServerUrl } from '../../client/server-url.js';
import { realSurroundings } from '../../config/load.js';
import type { Known, KnownCommand, KnownTopic } from './known-command.js';
import { type LiveSources, liveValues } from './live-values.js';
import { type Offer, offerFor } from './offer.js';
import { valuesGiven } from './place.js';
import { unquoted } from './shell-words.js';

/** What is used of oclif's manifest. */
interface Manifest {
  readonly commands: Readonly<Record<string, KnownCommand>>;
}

/** What is used of package.json. */
interface Package {
  readonly oclif: { readonly topics?: Readonly<Record<string, Omit<KnownTopic, 'name'>>> };
}

/** `argv`: `bash -- words...`. The text that a script of `gollama completion` reads. */
export async function completionText(argv: readonly string[], manifest: Manifest, pack: Package): Promise<string> {
  const topics = Object.entries(pack.oclif.topics ?? {}).map(([name, topic]) => ({ name, ...topic }));
  return offerText(await completionOffer(argv, { commands: Object.values(manifest.commands), topics }));
}

/** The words begin behind the first `--`. */
export function completionOffer(argv: readonly string[], known: Known): Promise<Offer> {
  const typed = argv.includes('--') ? argv.slice(argv.indexOf('--') + 1) : [];
  const words = argv[0] === 'bash' ? typed.map(unquoted) : typed;
  const surroundings = realSurroundings();
  const server = serverNamed(valuesGiven(words, known), surroundings);
  return offerFor(words, known, liveValues({ clock: systemClock, surroundings, server }));
}

/** A line on paths, and a line for each candidate: the word, a tab, and what it is. */
export function offerText({ paths, candidates }: Offer): string {
  const lines = candidates.map(({ value, description }) => `${value}\t${description}`);
  return `${[paths, ...lines].join('\n')}\n`;
}

/** The one that the command would ask. */
function serverNamed(
  given: ReadonlyMap<string, string>,
  surroundings: LiveSources['surroundings'],
): LiveSources['server'] {
  const { env } = surroundings;
  return async () => {
    const named = given.get('server') ?? env.GOLLAMA_URL;
    const apiKey = env[given.get('api-key-env') ?? 'GOLLAMA_API_KEY'] || undefined;
    if (named !== undefined) return { baseUrl: parseServerUrl(named), apiKey };
    const { configuredServerUrl } = await import('../../config/server-address.js');
    const configured = await configuredServerUrl({ ...surroundings, path: given.get('config') });
    return { baseUrl: configured ?? DEFAULT_SERVER_URL, apiKey };
  };
}
