/** A lifecycle in the words of the engine contract. */
import type { EngineState } from '../engine.js';
import type { Failure, Lifecycle } from './phase.js';

export interface SupervisedStatus {
  readonly state: EngineState;
  /** Starts after the first one. */
  readonly restarts: number;
  /** Why it is not ready, in one line. Of a ready one: that it seems to hang. */
  readonly problem: string | undefined;
}

export function statusOf(lifecycle: Lifecycle): SupervisedStatus {
  return {
    state: stateOf(lifecycle),
    restarts: Math.max(0, lifecycle.spawns - 1),
    problem: problemOf(lifecycle),
  };
}

export function isSameStatus(one: SupervisedStatus, other: SupervisedStatus): boolean {
  return one.state === other.state && one.restarts === other.restarts && one.problem === other.problem;
}

/** `sentence. hint` of a failure, in one line. */
function inOneLine({ sentence, hint }: Pick<Failure, 'sentence' | 'hint'>): string {
  return hint === '' ? sentence : `${sentence}. ${hint}`;
}

function stateOf({ phase }: Lifecycle): EngineState {
  if (phase.name !== 'stopping') return phase.name;
  return phase.next === 'failure' ? 'backoff' : phase.next;
}

function problemOf({ phase, failure, failures }: Lifecycle): string | undefined {
  switch (phase.name) {
    case 'ready':
      return phase.hung ? 'it neither answers /health nor sends anything' : undefined;
    case 'stopped':
      return failure ? inOneLine(failure) : 'stopped';
    case 'starting':
      if (failure) return `starting again; before: ${failure.sentence}`;
      return phase.health === 'loading' ? 'loading the model' : 'starting';
    case 'stopping':
      return failure?.sentence ?? 'stopping';
    case 'backoff':
      return `${failure?.sentence ?? 'it failed'}; next start in about ${Math.ceil(phase.delayMs / 1000)} s`;
    case 'crash-loop': {
      const why = failure ? inOneLine(failure) : 'it failed';
      return `failed ${failures} times in a row and is not started again by itself: ${why}; then restart gollama`;
    }
  }
}
