/** What went wrong in an engine's own words, out of whatever body its error has. */
import { isJsonObject } from '../../protocol/json-object.js';

/** It is stored with the task and shown in tables. */
const TEXT_CHARS_MAX = 1_000;

/** Of a whole error body; empty where it says nothing. */
export function errorTextOf(body: string): string {
  const text = body.trim();
  try {
    return errorText(JSON.parse(text)) ?? shortened(text);
  } catch {
    // A page for people: from a proxy, and about the proxy.
    return text.startsWith('<') ? '' : shortened(text);
  }
}

/**
 * Of parsed JSON: `{"error":{"message"}}` (OpenAI), `{"error":"text"}` (Ollama), `{"message"}`, `{"detail"}` (FastAPI), or
 * the value of such an `error`.
 */
export function errorText(value: unknown): string | undefined {
  if (typeof value === 'string') return shortened(value);
  if (!isJsonObject(value)) return undefined;
  const words = value.error ?? value.message ?? value.detail;
  if (typeof words === 'string') return shortened(words);
  return errorText(words) ?? (words === undefined ? undefined : shortened(JSON.stringify(words)));
}

/** An HTTP status in an error object, as llama-server's `code` is; undefined for `code` as a word. */
export function errorStatus(error: unknown): number | undefined {
  const code = isJsonObject(error) ? (error.code ?? error.status) : undefined;
  return typeof code === 'number' && Number.isInteger(code) && code >= 400 && code <= 599 ? code : undefined;
}

function shortened(text: string): string {
  const line = text.trim();
  return line.length > TEXT_CHARS_MAX ? `${line.slice(0, TEXT_CHARS_MAX)}…` : line;
}
