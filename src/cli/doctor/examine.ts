/** All checks in their order. What depends on a valid configuration is left out where there is none. */
import type { Clock } from '../../base/clock.js';
import { GollamaError, toGollamaError } from '../../base/errors.js';
import type { Config, EngineConfig } from '../../config/config.js';
import type { Environment } from '../../config/environment.js';
import type { FoundFile } from '../../config/load.js';
import { type ParsedConfig, parseConfig } from '../../config/parse.js';
import type { Surroundings } from '../../config/resolve.js';
import type { ServerStatus } from '../../protocol/status.js';
import type { Check } from './check.js';
import { configCheck, STAND_IN, variableChecks, variablesNamed, withStandIns } from './config-check.js';
import {
  type ModelHead,
  modelFileCheck,
  noEngineCheck,
  programCheck,
  type UpstreamAnswer,
  upstreamCheck,
  type VersionAnswer,
} from './engine-checks.js';
import { nodeCheck } from './node-check.js';
import type { FolderLook, Upstream } from './probes.js';
import { folderCheck, gatewayCheck, portCheck } from './server-checks.js';

type LlamaServerConfig = Extract<EngineConfig, { kind: 'llama-server' }>;
type RemoteConfig = Extract<EngineConfig, { kind: 'openai' | 'ollama' }>;

/** What the server's own parts know: where they would find things. */
interface Installation {
  engineFiles(
    engine: LlamaServerConfig,
    place: { readonly cwd: string; readonly env: Environment },
  ): {
    readonly program: string | GollamaError;
    readonly isLlamaServer: boolean;
    readonly model: string | GollamaError | undefined;
  };
  addressOf(config: Config): { readonly host: string; readonly port: number } | GollamaError;
  listenProblem(host: string, port: number): Promise<string | undefined>;
  tasksFolderOf(config: Config, cwd: string): string | undefined;
  holderOf(folder: string): Promise<number | undefined>;
}

export interface Probes {
  askVersion(program: string): Promise<VersionAnswer>;
  readModelHead(path: string): Promise<ModelHead>;
  askUpstream(upstream: Upstream, clock: Clock): Promise<UpstreamAnswer>;
  lookAtFolder(folder: string): Promise<FolderLook>;
  /** Rejects with GollamaError. */
  askServer(url: string): Promise<ServerStatus>;
}

export interface Patient {
  readonly around: Surroundings;
  readonly clock: Clock;
  /** As `process.version` has it. */
  readonly nodeVersion: string;
  /** Rejects with GollamaError; undefined: there is none. */
  readonly findFile: () => Promise<(FoundFile & { readonly name: string }) | undefined>;
  readonly readText: (path: string) => Promise<string>;
  /** Rejects with GollamaError. */
  readonly server: () => Promise<{ readonly url: string; readonly isNamed: boolean }>;
  readonly installation: Installation;
  readonly probes: Probes;
}

export async function examine(patient: Patient): Promise<Check[]> {
  const { around, clock, nodeVersion } = patient;
  const { file, parsed } = await readConfiguration(patient);
  const variables = file ? variablesNamed(file.text) : [];
  const gateway = gatewayOf(patient);
  const below = parsed instanceof GollamaError ? [] : await configuredChecks(patient, parsed.config, around.env);
  return [
    nodeCheck(nodeVersion, clock.epoch()),
    configCheck(file?.name, parsed),
    ...variableChecks(variables, around.env),
    ...below,
    gatewayCheck(await gateway),
  ];
}

async function readConfiguration({ around, findFile, readText }: Patient) {
  try {
    const file = await findFile();
    const env = file ? withStandIns(around.env, variablesNamed(file.text)) : around.env;
    const parsed = await parseConfig({ ...around, env, file, flags: {}, readText }).catch(toGollamaError);
    return { file, parsed };
  } catch (thrown) {
    return { file: undefined, parsed: toGollamaError(thrown) as GollamaError | ParsedConfig };
  }
}

async function configuredChecks(patient: Patient, config: Config, env: Environment): Promise<Check[]> {
  const engines = config.engines.map((engine) => engineChecks(patient, engine, env));
  const checks = engines.length === 0 ? [noEngineCheck(config.fallback)] : (await Promise.all(engines)).flat();
  return [...checks, ...(await placeChecks(patient, config))];
}

async function engineChecks(patient: Patient, engine: EngineConfig, env: Environment): Promise<Check[]> {
  if (engine.kind === 'simulated') return [];
  if (engine.kind !== 'llama-server') return [await remoteCheck(patient, engine)];
  const { probes, installation, around } = patient;
  const { program, isLlamaServer, model } = installation.engineFiles(engine, { cwd: around.cwd, env });
  const isAsked = typeof program === 'string' && isLlamaServer;
  const [version, head] = await Promise.all([
    isAsked ? probes.askVersion(program) : undefined,
    typeof model === 'string' ? probes.readModelHead(model) : undefined,
  ]);
  const checks = [programCheck(engine.name, program, version)];
  return model === undefined ? checks : [...checks, modelFileCheck(engine.name, model, head)];
}

async function remoteCheck({ probes, clock }: Patient, engine: RemoteConfig): Promise<Check> {
  const { name, kind, baseUrl } = engine;
  const base = baseUrl.replace(/\/+$/, '');
  const url = kind === 'openai' ? `${base.replace(/\/v1$/, '')}/v1/models` : `${base}/api/tags`;
  const apiKey = engine.apiKey === STAND_IN ? undefined : engine.apiKey;
  const shown = baseUrl.replace(/\/\/[^/@]*@/, '//****@');
  return upstreamCheck(name, shown, await probes.askUpstream({ url, apiKey }, clock));
}

/** The port and the folder: both may be held by a server of ours that runs. */
async function placeChecks({ installation, probes, around }: Patient, config: Config): Promise<Check[]> {
  const address = installation.addressOf(config);
  const isAddress = !(address instanceof GollamaError) && address.port !== 0;
  const problem = isAddress ? await installation.listenProblem(address.host, address.port) : undefined;
  const host = isAddress && address.host.includes(':') ? `[${address.host}]` : isAddress ? address.host : '';
  const server =
    isAddress && problem === 'EADDRINUSE'
      ? await probes.askServer(`http://${host}:${address.port}`).catch(() => undefined)
      : undefined;
  const port = portCheck(address instanceof GollamaError ? address : { ...address, problem, server });
  const folder = installation.tasksFolderOf(config, around.cwd);
  if (folder === undefined) return [port];
  const [look, holder] = await Promise.all([probes.lookAtFolder(folder), installation.holderOf(folder)]);
  return [port, folderCheck({ folder, ...look, holder, server })];
}

async function gatewayOf({ server, probes }: Patient) {
  try {
    const { url, isNamed } = await server();
    const answer = await probes.askServer(url).catch(toGollamaError);
    return { url, isNamed, answer };
  } catch (thrown) {
    return { url: '', isNamed: true, answer: toGollamaError(thrown) };
  }
}
