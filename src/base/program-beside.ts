/** A file of ours as a program or thread of its own: compiled beside the caller, or TypeScript where the caller is. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

export interface Program {
  readonly url: URL;
  /** What Node needs to run it. */
  readonly execArgv: string[];
}

/** `name` without its ending, relative to the caller, whose `import.meta.url` is `caller`. */
export function programBeside(caller: string, name: string): Program {
  const isSource = isTypeScript(caller);
  return {
    url: new URL(`./${name}${isSource ? '.ts' : '.js'}`, caller),
    execArgv: isSource ? ['--import', 'tsx'] : [],
  };
}

/** The same as a worker thread. */
export function workerBeside(caller: string, name: string, options: WorkerOptions): Worker {
  const { url } = programBeside(caller, name);
  // What the program was started with, as modules to load first, is not meant for its threads.
  if (!isTypeScript(caller)) return new Worker(url, { ...options, execArgv: [] });
  // Node 20 does not give a thread the loader that its `execArgv` names.
  const loader = pathToFileURL(createRequire(caller).resolve('tsx/esm/api')).href.replace(/cjs$/, 'mjs');
  const load = (href: string) => `import(${JSON.stringify(href)})`;
  const bootstrap = `${load(loader)}.then(({ register }) => { register(); return ${load(url.href)}; });`;
  return new Worker(bootstrap, { ...options, execArgv: [], eval: true });
}

function isTypeScript(url: string): boolean {
  return url.endsWith('.ts');
}
