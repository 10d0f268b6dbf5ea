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
type SimulatedConfig = Extract<EngineSettings, { kind: 'simulated' }>;
export type EngineConfig = LlamaServerConfig | OpenaiConfig | SimulatedConfig;

type ServerConfig = Omit<Settings['server'], 'apiKeys'> & { apiKeys: readonly ApiKeyConfig[] };
type QueueConfig = Settings['queue'];
type LoggerConfig = Settings['logger'];

export interface Config {
  readonly server: ServerConfig;
  readonly queue: QueueConfig;
  readonly engines: readonly EngineConfig[];
  readonly fallback: Settings['fallback'];
  readonly logger: LoggerConfig;
  readonly dataDir: string;
}
