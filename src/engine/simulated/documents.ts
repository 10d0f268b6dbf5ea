/** What a llama-server b11669 tells about itself: /v1/models, /props, /slots, /metrics. Pure. */
import { FINGERPRINT } from './answer-format.js';
import { EMBEDDING_DIMENSIONS } from './embedding.js';
import type { GenerationRequest } from './request.js';
import type { Script } from './script.js';
import { VOCABULARY_SIZE } from './words.js';

export interface ModelsFacts {
  readonly models: readonly string[];
  readonly contextTokens: number;
  /** Seconds since the Unix epoch. */
  readonly created: number;
}

export interface PropsFacts {
  readonly model: string;
  readonly modelPath: string;
  readonly slots: number;
  readonly contextTokens: number;
}

/** One slot of /slots; `work` where it generates text. */
export interface SlotFacts {
  readonly id: number;
  readonly contextTokens: number;
  readonly busy: boolean;
  readonly work: { readonly task: number; readonly script: Script; readonly tokensMade: number } | undefined;
}

export interface MetricsFacts {
  readonly promptTokens: number;
  readonly promptMs: number;
  readonly tokens: number;
  readonly tokensMs: number;
  readonly processing: number;
  readonly deferred: number;
  readonly largestTokens: number;
}

export function modelsDocument({ models, contextTokens, created }: ModelsFacts): object {
  const meta = {
    vocab_type: 1,
    n_vocab: VOCABULARY_SIZE,
    n_ctx: contextTokens,
    n_ctx_train: contextTokens,
    n_embd: EMBEDDING_DIMENSIONS,
    n_params: 0,
    size: 0,
    ftype: 'simulated',
  };
  return {
    models: models.map(ollamaStyleModel),
    object: 'list',
    data: models.map((id) => ({
      id,
      aliases: [id],
      tags: [],
      object: 'model',
      architecture: { input_modalities: ['text'], output_modalities: ['text'] },
      created,
      owned_by: 'llamacpp',
      meta,
    })),
  };
}

export function propsDocument({ model, modelPath, slots, contextTokens }: PropsFacts): object {
  return {
    default_generation_settings: { params: generationParams(undefined), n_ctx: contextTokens },
    total_slots: slots,
    model_alias: model,
    model_ftype: 'simulated',
    model_path: modelPath,
    modalities: { vision: false, video: false, audio: false },
    media_marker: '<__media__>',
    endpoint_slots: true,
    endpoint_props: false,
    endpoint_metrics: true,
    ui: false,
    ui_settings: {},
    chat_template: '{% for message in messages %}{{ message.role }}\n{{ message.content }}\n{% endfor %}',
    chat_template_caps: {
      supports_object_arguments: false,
      supports_parallel_tool_calls: false,
      supports_preserve_reasoning: false,
      supports_reasoning_effort: false,
      supports_string_content: true,
      supports_system_role: true,
      supports_tool_calls: false,
      supports_tools: false,
      supports_typed_content: true,
    },
    bos_token: '<s>',
    eos_token: '</s>',
    build_info: FINGERPRINT,
    is_sleeping: false,
    cors_proxy_enabled: false,
  };
}

export function slotsDocument(slots: readonly SlotFacts[]): object {
  return slots.map(({ id, contextTokens, busy, work }) => {
    const slot = { id, n_ctx: contextTokens, speculative: false, is_processing: busy };
    if (!work) return slot;
    const { request, tokens } = work.script;
    const remaining = tokens.length - work.tokensMade;
    return {
      ...slot,
      id_task: work.task,
      n_prompt_tokens: request.promptTokens + work.tokensMade,
      n_prompt_tokens_processed: request.promptTokens,
      n_prompt_tokens_cache: 0,
      params: generationParams(request),
      next_token: [
        { has_next_token: remaining > 0, has_new_line: false, n_remain: remaining, n_decoded: work.tokensMade },
      ],
    };
  });
}

/** Prometheus text format 0.0.4. */
export function metricsDocument(facts: MetricsFacts): string {
  const rate = (tokens: number, ms: number) => (ms > 0 ? (tokens * 1000) / ms : 0);
  const rows: readonly (readonly [name: string, type: 'counter' | 'gauge', help: string, value: number])[] = [
    [
      'prompt_tokens_total',
      'counter',
      'Number of prompt tokens processed, excluding cached tokens',
      facts.promptTokens,
    ],
    ['prompt_tokens_cached_total', 'counter', 'Number of prompt tokens reused from the cache', 0],
    ['prompt_seconds_total', 'counter', 'Total time spent processing prompts', facts.promptMs / 1000],
    ['tokens_predicted_total', 'counter', 'Number of generation tokens processed', facts.tokens],
    ['tokens_predicted_seconds_total', 'counter', 'Total time spent generating tokens', facts.tokensMs / 1000],
    ['n_decode_total', 'counter', 'Total number of llama_decode() calls', facts.tokens],
    ['n_tokens_max', 'counter', 'Largest observed sequence length (prompt + generation)', facts.largestTokens],
    ['spec_decode_num_draft_tokens_total', 'counter', 'Speculative: Total draft tokens generated', 0],
    ['spec_decode_num_accepted_tokens_total', 'counter', 'Speculative: Total draft tokens accepted', 0],
    ['spec_decode_num_drafts_total', 'counter', 'Speculative: Total verification steps', 0],
    [
      'prompt_tokens_seconds',
      'gauge',
      'Average prompt throughput in tokens/s',
      rate(facts.promptTokens, facts.promptMs),
    ],
    [
      'predicted_tokens_seconds',
      'gauge',
      'Average generation throughput in tokens/s',
      rate(facts.tokens, facts.tokensMs),
    ],
    ['requests_processing', 'gauge', 'Number of requests processing', facts.processing],
    ['requests_deferred', 'gauge', 'Number of requests deferred', facts.deferred],
    [
      'n_busy_slots_per_decode',
      'gauge',
      'Average number of busy slots per llama_decode() call',
      facts.tokens > 0 ? 1 : 0,
    ],
  ];
  return rows
    .map(([name, type, help, value]) =>
      [`# HELP llamacpp:${name} ${help}`, `# TYPE llamacpp:${name} ${type}`, `llamacpp:${name} ${value}`, ''].join(
        '\n',
      ),
    )
    .join('');
}

function ollamaStyleModel(name: string): object {
  return {
    name,
    model: name,
    modified_at: '',
    size: '',
    digest: '',
    type: 'model',
    description: '',
    tags: [''],
    capabilities: ['completion'],
    parameters: '',
    details: {
      parent_model: '',
      format: 'gguf',
      family: '',
      families: [''],
      parameter_size: '',
      quantization_level: '',
    },
  };
}

/** Sampling has no meaning here: llama-server's defaults, and what the request said about length and stream. */
function generationParams(request: GenerationRequest | undefined): object {
  const maxTokens = request?.maxTokens ?? -1;
  return {
    ...SAMPLING,
    max_tokens: maxTokens,
    n_predict: maxTokens,
    stream: request?.stream ?? false,
    timings_per_token: request?.timingsPerToken ?? false,
  };
}

const SAMPLING = {
  seed: 4294967295,
  temperature: 0.8,
  dynatemp_range: 0,
  dynatemp_exponent: 1,
  top_k: 40,
  top_p: 0.95,
  min_p: 0.05,
  top_n_sigma: -1,
  xtc_probability: 0,
  xtc_threshold: 0.1,
  typical_p: 1,
  repeat_last_n: 64,
  repeat_penalty: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  dry_multiplier: 0,
  dry_base: 1.75,
  dry_allowed_length: 2,
  dry_penalty_last_n: 64,
  mirostat: 0,
  mirostat_tau: 5,
  mirostat_eta: 0.1,
  adaptive_target: -1,
  adaptive_decay: 0.9,
  n_keep: 0,
  n_discard: 0,
  ignore_eos: false,
  n_probs: 0,
  min_keep: 0,
  chat_format: 'Content-only',
  reasoning_format: 'none',
  reasoning_in_content: false,
  generation_prompt: '',
  samplers: ['temperature'],
  'speculative.types': 'none',
  post_sampling_probs: false,
  backend_sampling: false,
  lora: [],
};
