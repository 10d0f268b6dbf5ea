/** The one switch on the kind of an engine. */
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { Random } from '../base/random.js';
import type { EngineConfig } from '../config/config.js';
import type { Engine } from './engine.js';
import { LlamaServerEngine } from './llama-server.js';
import { OllamaEngine } from './ollama.js';
import { OpenAiEngine } from './openai.js';
import { SimulatedEngine } from './simulated/simulated.js';
import { checkModelFile, locateLlamaServer } from './supervisor/locate.js';

export interface EngineParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly dataDir: string;
  readonly cwd: string;
  /** The environment that child processes get. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function createEngine(config: EngineConfig, parts: EngineParts): Engine {
  switch (config.kind) {
    case 'llama-server':
      return new LlamaServerEngine(config, { ...parts, llamaServerEnv: parts.env.GOLLAMA_LLAMA_SERVER });
    case 'openai':
      return new OpenAiEngine(config, parts);
    case 'ollama':
      return new OllamaEngine(config, parts);
    case 'simulated':
      return new SimulatedEngine(config, parts);
  }
}

/** Finds the program and the model file of an engine without starting it. Throws `configuration`. */
export function checkEngine(config: EngineConfig, parts: Pick<EngineParts, 'cwd' | 'env'>): void {
  if (config.kind !== 'llama-server') return;
  const { cwd, env } = parts;
  locateLlamaServer({ bin: config.bin, llamaServerEnv: env.GOLLAMA_LLAMA_SERVER, searchPath: env.PATH, cwd });
  if (config.modelPath !== undefined) checkModelFile(config.modelPath, cwd);
}
