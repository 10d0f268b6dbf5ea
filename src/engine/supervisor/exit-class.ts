/** Why an engine process ended, told from its exit, its last words and what is known about llama-server's texts. */

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type ExitClass =
  | 'out-of-memory'
  | 'port-in-use'
  | 'model-missing'
  | 'bad-model'
  | 'bad-flag'
  | 'missing-library'
  | 'signal'
  | 'exit';

export interface ExitReport {
  readonly class: ExitClass;
  /** One sentence without a full stop: what happened, with the engine's own words where they say it. */
  readonly sentence: string;
  /** What to do next. */
  readonly hint: string;
}

interface Rule {
  readonly class: ExitClass;
  /** Tested on every one of the last lines; the first line that matches is quoted. */
  readonly line: RegExp;
  readonly sentence: string;
  readonly hint: string;
}

/**
 * In order of trust: an engine that is out of memory, or whose file is missing, also says that it "failed to load
 * model", so the more exact reason stands first.
 */
const RULES: readonly Rule[] = [
  {
    class: 'out-of-memory',
    line: /out of memory|OutOfDeviceMemory|(failed|unable|cannot) to allocate|cannot allocate memory|bad_alloc|cudaMalloc failed/i,
    sentence: 'not enough memory for the model',
    hint: 'use a smaller model or quantisation, a smaller context (-c), fewer slots, or fewer GPU layers (-ngl)',
  },
  {
    class: 'port-in-use',
    line: /couldn't bind|address already in use|EADDRINUSE|failed to bind/i,
    sentence: 'it could not listen: the port is taken, or the address is not one of this machine',
    hint: 'stop the program that uses the port, or choose another one with --port in the engine arguments',
  },
  {
    class: 'model-missing',
    line: /failed to open (GGUF )?file .*\(No such file or directory\)|failed to open .*\.gguf|model file .* (does not exist|not found)/i,
    sentence: 'the model file does not exist or cannot be read',
    hint: 'check the path of the model (model_path, or -m in the engine arguments)',
  },
  {
    class: 'bad-model',
    line: /invalid magic|corrupted or incomplete|error loading model|failed to load model|model loading error|unknown model architecture/i,
    sentence: 'the model file cannot be loaded',
    hint: 'download the model again (it may be cut short), or use a newer llama-server if the model is newer than it',
  },
  {
    class: 'bad-flag',
    line: /invalid argument: |error while handling argument|(unknown|unrecognized|unrecognised) (argument|option|flag)|invalid option/i,
    sentence: 'it does not accept its arguments',
    hint: 'correct the engine arguments (args); `llama-server --help` lists what this version knows',
  },
  {
    class: 'missing-library',
    line: /error while loading shared libraries|Library not loaded|symbol lookup error|version `GLIBC/i,
    sentence: 'a library that it needs is missing',
    hint: 'install llama.cpp again for this system, or set LD_LIBRARY_PATH for it',
  },
];

/** Shells report a child that died of signal N as exit code 128 + N. */
const KILLED_EXIT_CODE = 128 + 9;

/** `exit` of an engine that nobody asked to stop; `lastLines` oldest first. */
export function classifyExit(exit: Exit, lastLines: readonly string[]): ExitReport {
  for (const rule of RULES) {
    const found = lastLines.find((line) => rule.line.test(line));
    if (found === undefined) continue;
    return { class: rule.class, sentence: `${rule.sentence} (${quote(found)})`, hint: rule.hint };
  }
  return classifyByStatus(exit, lastLines);
}

function classifyByStatus(exit: Exit, lastLines: readonly string[]): ExitReport {
  if (exit.signal === 'SIGKILL' || exit.code === KILLED_EXIT_CODE) {
    return {
      class: 'out-of-memory',
      sentence: 'it was killed (SIGKILL), most likely by the system because memory ran out',
      hint: 'look at `dmesg` for "Out of memory"; use a smaller model, a smaller context (-c) or fewer slots',
    };
  }
  if (exit.signal !== null) {
    return { class: 'signal', sentence: `it died of ${exit.signal}`, hint: signalHint(exit.signal) };
  }
  const last = lastLines.at(-1);
  const words = last === undefined ? '' : ` (${quote(last)})`;
  return {
    class: 'exit',
    sentence: `it ended with exit code ${exit.code ?? 'unknown'}${words}`,
    hint: 'run the engine by hand with the same arguments to see what it says',
  };
}

function signalHint(signal: NodeJS.Signals): string {
  if (signal === 'SIGILL') return 'this build of llama-server needs a newer processor: use one built for this machine';
  if (signal === 'SIGTERM' || signal === 'SIGINT' || signal === 'SIGHUP') {
    return 'somebody outside gollama stopped it; nothing to do if that was meant';
  }
  return 'update llama-server; if it goes on, report it to llama.cpp with the last lines of its log';
}

const QUOTE_CHARS_MAX = 200;

/** The line without llama-server's time stamp, level and indentation. */
function quote(line: string): string {
  const plain = line.replace(/^\s*(\d+\.){2,}\d+\s+[A-Z]\s+/, '').replace(/\s+/g, ' ');
  return plain.trim().slice(0, QUOTE_CHARS_MAX);
}
