/**
 * Ollama's REST API: what it answers. Durations are nanoseconds, times RFC 3339.
 * Source: github.com/ollama/ollama, docs/api.md and api/types.go.
 */

/** Absent where nothing is known. */
export interface OllamaCounts {
  readonly total_duration?: number;
  readonly load_duration?: number;
  readonly prompt_eval_count?: number;
  readonly prompt_eval_duration?: number;
  readonly eval_count?: number;
  readonly eval_duration?: number;
}

export interface OllamaToolCall {
  readonly id?: string;
  /** `arguments` is an object; a text where the model wrote no JSON object. */
  readonly function: { readonly name: string; readonly arguments: unknown };
}

interface OllamaMessage {
  readonly role: string;
  readonly content: string;
  readonly thinking?: string;
  readonly tool_calls?: readonly OllamaToolCall[];
}

interface Ended extends OllamaCounts {
  readonly model: string;
  readonly created_at: string;
  readonly done: true;
  /** `stop`, `length`, `load`, `unload` … */
  readonly done_reason: string;
}

/** The last line of `POST /api/chat`, with the whole message. */
export interface OllamaChatResult extends Ended {
  readonly message: OllamaMessage;
}

/** The last line of `POST /api/generate`, with the whole text. */
export interface OllamaGenerateResult extends Ended {
  readonly response: string;
  readonly thinking?: string;
}

/** A line of a stream before the last one. */
export interface OllamaChatLine {
  readonly model: string;
  readonly created_at: string;
  readonly message: OllamaMessage;
  readonly done: false;
}

export interface OllamaGenerateLine {
  readonly model: string;
  readonly created_at: string;
  readonly response: string;
  readonly thinking?: string;
  readonly done: false;
}

/** What is known of a model's file. */
export interface OllamaModelDetails {
  readonly parent_model: string;
  readonly format: string;
  readonly family: string;
  readonly families: readonly string[];
  readonly parameter_size: string;
  readonly quantization_level: string;
}

/** One of `models` in `GET /api/tags`, and, with two members more, in `GET /api/ps`. */
export interface OllamaModelCard {
  readonly name: string;
  readonly model: string;
  readonly modified_at?: string;
  readonly size: number;
  readonly digest: string;
  readonly details: OllamaModelDetails;
}

export interface OllamaLoadedModel extends OllamaModelCard {
  readonly expires_at: string;
  readonly size_vram: number;
}

/** `POST /api/show`. */
export interface OllamaModelPage {
  readonly modelfile: string;
  readonly parameters: string;
  readonly template: string;
  readonly details: OllamaModelDetails;
  readonly model_info: Readonly<Record<string, unknown>>;
  readonly capabilities: readonly string[];
  readonly modified_at: string;
}

/** The answer to `POST /api/embed`. */
export interface OllamaEmbedResult extends OllamaCounts {
  readonly model: string;
  readonly embeddings: readonly (readonly number[])[];
}

export function nanoseconds(durationMs: number): number {
  return Math.round(durationMs * 1_000_000);
}
