/** The effective configuration: every default applied, every secret read or hashed, deep frozen. */
import type { Settings } from './schema.js';

export interface ApiKeyConfig {
  readonly name: string;
  /** Hexadecimal, lower case. The key itself is not kept. */
  readonly sha256: string;
  readonly admin: boolean;
  readonly maxPriority: number | undefined;
  readonly maxConcurrency: number | undefined;
}

type EngineSettings = Settings['engines'][number];
type WithoutSources<T> = Omit<T, 'apiKeyEnv' | 'apiKeyFile'>;

/** `apiKey` comes from `api_key_env` or `api_key_file`. */
type WithKey<T> = WithoutSources<T> & { apiKey: string | undefined };

type LlamaServerConfig = WithKey<Extract<EngineSettings, { kind: 'llama-server' }>>;
type OpenaiConfig = WithKey<Extract<EngineSettings, { kind: 'openai' }>>;
type OllamaConfig = WithKey<Extract<EngineSettings, { kind: 'ollama' }>>;
type SimulatedConfig = Extract<EngineSettings, { kind: 'simulated' }>;
export type EngineConfig = LlamaServerConfig | OpenaiConfig | OllamaConfig | SimulatedConfig;

export type ServerConfig = Omit<Settings['server'], 'apiKeys'> & { apiKeys: readonly ApiKeyConfig[] };
/** `storagePath` is `<dataDir>/tasks` where none was given. */
type QueueConfig = Omit<Settings['queue'], 'storagePath'> & { storagePath: string };
/** `secret`: `whsec_` and base64; undefined: messages are not signed. */
type WebhooksConfig = Omit<Settings['webhooks'], 'secretEnv' | 'secretFile'>;
type LoggerConfig = Settings['logger'];

export interface Config {
  readonly server: ServerConfig;
  readonly queue: QueueConfig;
  readonly retry: Settings['retry'];
  readonly webhooks: WebhooksConfig;
  readonly streams: Settings['streams'];
  readonly engines: readonly EngineConfig[];
  readonly fallback: Settings['fallback'];
  readonly logger: LoggerConfig;
  readonly dataDir: string;
}
