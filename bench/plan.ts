/** What a run is to do: everything that decides its result, and nothing of how it is shown. */

export type Endpoint = 'chat' | 'completions' | 'embeddings';

/** When the next request starts. */
export type Load =
  | {
      readonly kind: 'closed';
      readonly concurrency: number /** Time over which the slots are opened one by one. */;
      readonly rampMs: number;
    }
  | {
      readonly kind: 'open';
      /** Requests a second. */
      readonly rate: number;
      readonly arrival: 'constant' | 'poisson' | 'gamma';
      /** Shape of gamma arrivals: 1 is Poisson, below 1 comes in bursts, above 1 is smoother. */
      readonly burstiness: number;
      /** Requests in flight at once; who comes beyond it waits, and the wait counts. */
      readonly inFlightMax: number;
      readonly rampMs: number;
    };

export type Stop =
  | { readonly kind: 'requests'; readonly requests: number }
  | { readonly kind: 'duration'; readonly durationMs: number };

export interface Target {
  /** Base URL without a slash at its end and without `/v1`. */
  readonly baseUrl: string;
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly stream: boolean;
  readonly apiKey: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RequestSettings {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly ignoreEos: boolean;
  /** Members put into every body, over what gollama puts there. */
  readonly extraBody: Readonly<Record<string, unknown>>;
  /** Patience until the first token, between two events, and for all of it. */
  readonly firstTokenTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly saveText: boolean;
}

/** One request to send. */
export interface WorkItem {
  /** What the model is asked; several texts for embeddings. */
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly maxTokens: number;
  /** When it is due, in ms after the start of the run; undefined: the load decides. */
  readonly dueMs?: number;
}

export interface Plan {
  readonly target: Target;
  readonly load: Load;
  readonly stop: Stop;
  readonly request: RequestSettings;
  /** Sent before the run, with other prompts, and not counted. */
  readonly warmupRequests: number;
  readonly seed: number;
}
