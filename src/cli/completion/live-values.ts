/** Values that have to be looked up: at a server, in a folder, in the schema. Whatever goes wrong, there are none. */
import { readdir } from 'node:fs/promises';
import type { Clock } from '../../base/clock.js';
import { printable } from '../../base/printable.js';
import { Deadline } from '../../client/deadline.js';
import { Transport } from '../../client/transport.js';
import type { Surroundings } from '../../config/load.js';
import type { Candidate, LiveValues } from './offer.js';

export interface LiveSources {
  readonly clock: Clock;
  readonly surroundings: Surroundings;
  /** The server to ask. May reject: then it tells nothing. */
  server(): Promise<{ readonly baseUrl: string; readonly apiKey: string | undefined }>;
}

/** A person waits with a finger on the key. */
const TIMEOUT_MS = 300;
const TASKS_MAX = 100;
const SESSIONS_MAX = 200;

export function liveValues({ clock, surroundings, server }: LiveSources): LiveValues {
  const ask = async <T>(path: string): Promise<T> => {
    const deadline = new Deadline(clock, TIMEOUT_MS, undefined);
    try {
      return (await new Transport(await server()).json<T>({ path, signal: deadline.signal })).body;
    } finally {
      deadline.dispose();
    }
  };
  return {
    models: () => orNone(async () => modelsOf(await ask('/v1/models'))),
    tasks: (statuses) =>
      orNone(async () => {
        const query = [`limit=${TASKS_MAX}`, ...statuses.map((status) => `status=${status}`)].join('&');
        return tasksOf(await ask(`/api/tasks?${query}`));
      }),
    sessions: () => orNone(() => sessions(surroundings)),
    configKeys: () => orNone(configKeys),
    helpTopics: () => orNone(helpTopics),
    variables: () =>
      Object.keys(surroundings.env)
        .filter((name) => /(KEY|TOKEN)$/.test(name))
        .map((value) => ({ value, description: '' })),
  };
}

async function orNone(tell: () => Promise<readonly Candidate[]>): Promise<readonly Candidate[]> {
  try {
    return await tell();
  } catch {
    return [];
  }
}

/** The list of models in OpenAI's shape. */
function modelsOf(body: { readonly data?: readonly { readonly id?: unknown }[] }): readonly Candidate[] {
  return (body.data ?? []).flatMap(({ id }) => candidate(id, ''));
}

function tasksOf(
  tasks: readonly { readonly id?: unknown; readonly status?: string; readonly type?: string; model?: string }[],
): readonly Candidate[] {
  return tasks.flatMap(({ id, status, type, model }) => candidate(id, `${status} ${type} ${model}`));
}

/** A file is a session, and has its name. */
function sessionsOf(files: readonly string[]): readonly Candidate[] {
  const ids = files.filter((file) => /^[^.].*\.json$/.test(file)).map((file) => file.slice(0, -'.json'.length));
  return ids
    .toSorted()
    .slice(0, SESSIONS_MAX)
    .flatMap((id) => candidate(id, ''));
}

async function sessions({ env, home }: Surroundings): Promise<readonly Candidate[]> {
  const { sessionsFolder } = await import('../../chat/session-files.js');
  return sessionsOf(await readdir(sessionsFolder({ stateHome: env.XDG_STATE_HOME, home })));
}

async function configKeys(): Promise<readonly Candidate[]> {
  const { leaves } = await import('../../config/keys.js');
  return leaves().map(({ path, field }) => ({ value: path.join('.'), description: field.help }));
}

async function helpTopics(): Promise<readonly Candidate[]> {
  const { HELP_TOPICS } = await import('../help-topics.js');
  return Object.entries(HELP_TOPICS).map(([value, { summary }]) => ({ value, description: summary }));
}

/** Names come from elsewhere: what could steer a terminal is left out. */
function candidate(value: unknown, description: string): readonly Candidate[] {
  if (typeof value !== 'string' || value === '' || printable(value) !== value) return [];
  return [{ value, description: printable(description) }];
}
