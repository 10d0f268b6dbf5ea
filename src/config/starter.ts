/** The file that somebody starts with: the example, with what answers filled in. */
import { scalarSource } from './edit-value.js';
import { exampleFile } from './example.js';
import { modelNameOf } from './model-name.js';

/** The port that Ollama listens on where nobody says otherwise. */
const OLLAMA_PORT = '11434';

/** `answers`: model files, and addresses of servers (a URL, or host:port). */
export function starterFile(answers: readonly string[] = []): string {
  if (answers.length === 0) return exampleFile();
  const lines = answers.flatMap((answer) => engineLines(answer));
  return exampleFile().replace(/^engines: \[\](.*)$/m, (_, comment: string) =>
    [`engines:${comment}`, ...lines].join('\n'),
  );
}

function engineLines(answer: string): string[] {
  const url = serverUrl(answer);
  const keys = url
    ? { kind: new URL(url).port === OLLAMA_PORT ? 'ollama' : 'openai', name: new URL(url).host, base_url: url }
    : { kind: 'llama-server', name: modelNameOf(answer), model_path: answer };
  return Object.entries(keys).map(
    ([key, value], at) => `  ${at === 0 ? '-' : ' '} ${key}: ${scalarSource(value, 'plain')}`,
  );
}

function serverUrl(answer: string): string | undefined {
  const url = /^https?:\/\//i.test(answer) ? answer : `http://${answer}`;
  const isAddress = url === answer || /^[\w.-]+:\d+$/.test(answer);
  return isAddress && URL.canParse(url) ? url : undefined;
}
