/** What a round measures, in its order. */

export interface Step {
  /** As `--only` has it, and as the process is called that measures it. */
  readonly name: string;
  /** It wants folders with waiting tasks. */
  readonly backlog?: true;
  /** It wants a redis-server. */
  readonly redis?: true;
}

/** What is compared comes one after the other, so that what the neighbours of this machine do meets both alike. */
export const STEPS: readonly Step[] = [
  { name: 'submits' },
  { name: 'bullmq-submits', redis: true },
  { name: 'one-submitter' },
  { name: 'lives' },
  { name: 'bullmq-lives', redis: true },
  { name: 'queue-lives' },
  { name: 'starts' },
  { name: 'http' },
  { name: 'loop' },
  { name: 'queue-loop' },
  { name: 'wal' },
  { name: 'claims', backlog: true },
  { name: 'pages', backlog: true },
  { name: 'memory', backlog: true },
  { name: 'crash', backlog: true },
];
