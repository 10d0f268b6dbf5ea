/** The flags of `gollama bench`. In the words of the field: vLLM's, k6's and autocannon's where they agree. */
import { Flags } from './oclif.js';

const PROFILES = ['single', 'high-load', 'long-text', 'low-latency', 'stress'];

const LOAD = {
  profile: Flags.string({ options: PROFILES, description: 'a profile of the reference benchmark' }),
  concurrency: Flags.integer({
    char: 'c',
    min: 1,
    max: 100_000,
    description: 'closed loop: requests at once [default: 4]',
  }),
  requests: Flags.integer({ char: 'n', min: 1, description: 'requests in all [default: 20]' }),
  duration: Flags.string({
    char: 'd',
    helpValue: '60s',
    description: 'start requests for so long, instead of a number',
  }),
  rate: Flags.string({ helpValue: 'N', description: 'open loop: requests a second, measured from when each was due' }),
  arrival: Flags.string({
    options: ['constant', 'poisson', 'gamma'],
    description: 'of an open loop [default: poisson]',
  }),
  burstiness: Flags.string({ helpValue: 'K', description: 'shape of gamma arrivals; below 1 in bursts' }),
  'max-in-flight': Flags.integer({
    min: 1,
    description: 'of an open loop; who has to wait for it, waits [default: 256]',
  }),
  ramp: Flags.string({ helpValue: '10s', description: 'time over which the load grows to its full size' }),
  sweep: Flags.string({ helpValue: '1,2,4|auto', description: 'one run for each concurrency, auto: up to the knee' }),
  warmup: Flags.integer({ min: 0, description: 'requests before the run, not counted [default: the concurrency]' }),
  engine: Flags.string({ options: ['sim'], description: 'start a gateway on the simulated engine and measure that' }),
};

const WORKLOAD = {
  prompt: Flags.string({ helpValue: 'TEXT', description: 'what is asked' }),
  'prompt-file': Flags.string({ helpValue: 'FILE', description: 'what is asked' }),
  dataset: Flags.string({ helpValue: 'KIND:FILE', description: 'sharegpt:FILE or jsonl:FILE' }),
  synthetic: Flags.string({
    helpValue: 'in=512:64,out=128:0',
    description: 'made-up prompts: mean and deviation in tokens',
  }),
  'prefix-tokens': Flags.integer({ min: 0, description: 'tokens that all synthetic prompts begin with' }),
  unique: Flags.boolean({ allowNo: true, description: 'mark every prompt, so that no prompt cache answers' }),
  workload: Flags.string({ helpValue: 'FILE', description: 'play a saved workload again, bit for bit' }),
  'save-workload': Flags.string({ helpValue: 'FILE', description: 'save what was asked' }),
  seed: Flags.integer({ default: 42, description: 'of everything that is drawn' }),
};

const REQUEST = {
  model: Flags.string({ char: 'm', description: 'model [default: the first that the server tells]' }),
  endpoint: Flags.string({
    options: ['chat', 'completions', 'embeddings'],
    default: 'chat',
    description: 'what is called',
  }),
  stream: Flags.boolean({ allowNo: true, default: true, description: 'ask for streams' }),
  'max-tokens': Flags.integer({ min: 1, description: 'longest answer [default: 128]' }),
  temperature: Flags.string({ helpValue: 'T', description: 'of the answers [default: 0.2]' }),
  'ignore-eos': Flags.boolean({ description: 'let every answer be as long as it may' }),
  'extra-body': Flags.string({ helpValue: 'JSON', description: 'members of every request' }),
  header: Flags.string({ char: 'H', multiple: true, helpValue: 'K:V', description: 'header of every request' }),
  timeout: Flags.string({ helpValue: '10m', description: 'for a whole answer' }),
  'ttft-timeout': Flags.string({ helpValue: '5m', description: 'for its first token' }),
  'idle-timeout': Flags.string({ helpValue: '60s', description: 'between two of its tokens' }),
  'wait-ready': Flags.string({ helpValue: '0s', description: 'how long to wait for the server to be there' }),
};

const JUDGE = {
  gate: Flags.string({
    multiple: true,
    helpValue: 'EXPR',
    description: "fail with exit code 7 unless it holds: 'ttft.p95<800ms'",
  }),
  goodput: Flags.string({ helpValue: 'ttft:800,tpot:60', description: 'what a good request keeps, in ms' }),
  'max-error-rate': Flags.string({ helpValue: '1%', description: 'share of requests that may fail [default: 1%]' }),
  baseline: Flags.string({
    helpValue: 'FILE',
    description: 'compare with an earlier result; exit code 8 for a regression',
  }),
  against: Flags.string({ helpValue: 'URL', description: 'compare with another server, in turn with it' }),
  repeat: Flags.integer({ min: 1, max: 100, description: 'runs, of each server [default: 1, with --against 5]' }),
  confirm: Flags.integer({ min: 0, max: 10, default: 1, description: 'times that a difference must come again' }),
  'min-effect': Flags.string({ helpValue: '10%', description: 'smallest change of a latency that counts' }),
  'min-abs': Flags.string({ helpValue: '5ms', description: 'smallest change of a latency that counts' }),
  'allow-small-n': Flags.boolean({ description: 'judge percentiles however few the samples' }),
  'allow-estimated-tokens': Flags.boolean({ description: 'judge token figures that are counts of chunks' }),
  'strict-client': Flags.boolean({ description: 'a client at its own limit makes the run inconclusive, exit code 9' }),
  inconclusive: Flags.string({ options: ['pass', 'fail'], description: 'what an inconclusive run comes to' }),
};

const REPORT = {
  json: Flags.string({ helpValue: 'FILE|-', description: 'result as gollama.bench/v1; - or nothing: standard output' }),
  compat: Flags.string({
    options: ['vllm'],
    dependsOn: ['json'],
    description: "--json in the keys of vLLM's benchmark",
  }),
  records: Flags.string({ helpValue: 'FILE', description: 'a line of JSON for each request' }),
  'save-text': Flags.boolean({ description: 'put the answers into the records' }),
  csv: Flags.string({ helpValue: 'FILE', description: 'a row for each run' }),
  markdown: Flags.string({ helpValue: 'FILE', description: 'a report in Markdown' }),
  html: Flags.string({ helpValue: 'FILE', description: 'a page with plots, all in one file' }),
  junit: Flags.string({ helpValue: 'FILE', description: 'a test case for each gate' }),
  label: Flags.string({
    multiple: true,
    helpValue: 'K=V',
    description: 'put into the result, such as git_sha=3f2a91c',
  }),
  quiet: Flags.boolean({ char: 'q', description: 'no report and no progress' }),
  progress: Flags.boolean({ allowNo: true, default: true, description: 'tell how it goes on' }),
  ascii: Flags.boolean({ description: 'no block characters' }),
};

const CLIENT = {
  workers: Flags.string({
    helpValue: 'N|auto',
    default: '1',
    description: 'threads; one is good for about 10k events/s',
  }),
  calibrate: Flags.boolean({ allowNo: true, default: true, description: 'measure this client first' }),
};

export const BENCH_FLAGS = { ...LOAD, ...WORKLOAD, ...REQUEST, ...JUDGE, ...REPORT, ...CLIENT };

/** `--json` without a file means standard output, as it does for every other command. */
export function withJsonFile(argv: readonly string[]): string[] {
  return argv.flatMap((argument, at) => {
    const next = argv[at + 1];
    const hasValue = next !== undefined && (next === '-' || !(next.startsWith('-') || isServer(next)));
    return argument === '--json' && !hasValue ? ['--json', '-'] : [argument];
  });
}

/** What is measured, not where the result goes: `http://...`, `host:port`, `:port`. */
function isServer(text: string): boolean {
  return /^https?:\/\//i.test(text) || /^([\w.-]+|\[[\da-f:.]+\])?:\d+(\/|$)/i.test(text);
}
