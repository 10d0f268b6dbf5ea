/** How far the figures can be trusted: the client itself, where token counts come from, warnings; and what was saved. */

import { wrapText } from '../../../src/base/text-columns.js';
import type { BenchResult, ClientReport } from '../../result.js';
import { fixed, percent } from '../figures.js';
import { tokenSources } from '../wording.js';
import type { TerminalStyle } from './style.js';

export function clientLines({ client }: BenchResult, style: TerminalStyle): readonly string[] {
  const facts = [
    // What saturates it names the figure.
    ...(client.saturated ? client.reasons : loadFacts(client)),
    ...(client.workers > 1 ? [`${client.workers} workers`] : []),
    client.calibration ? `own overhead ${fixed(client.calibration.delay_ms.p50, 1)} ms/event` : '',
    client.events_per_s === null ? '' : `${fixed(client.events_per_s, 0)} ev/s`,
    client.unsent > 0 ? `${client.unsent} never sent` : '',
  ];
  const text = facts.filter(Boolean).join(', ');
  const word = client.saturated ? style.tint('unsure', 'saturated') : style.tint('good', 'ok');
  return wrapText(`Client ${word}${text && `: ${text}`}`, style.width);
}

export function tokenLines(result: BenchResult): readonly string[] {
  const sources = tokenSources(result);
  if (!sources) return [];
  const perChunk = result.tokens.tokens_per_chunk_mean;
  const figure = fixed(perChunk, 1);
  const chunks = perChunk === null ? '' : `, ${figure} token${figure === '1.0' ? '' : 's'} per chunk`;
  return [`Tokens counted by ${sources}${chunks}`];
}

export function warningLines({ warnings }: BenchResult, style: TerminalStyle): readonly string[] {
  // The latency table says of itself where it has too few samples.
  const shown = warnings.filter(({ code }) => code !== 'few_samples');
  return shown.flatMap(({ message }) => wrapText(`! ${message}`, style.width));
}

export function savedLines(saved: readonly string[]): readonly string[] {
  return saved.map((name, at) => (at === 0 ? `saved  ${name}` : `       ${name}`));
}

function loadFacts(client: ClientReport): readonly string[] {
  return [
    client.cpu_util === null ? '' : `cpu ${percent(client.cpu_util, 0)}`,
    client.event_loop_delay_ms ? `loop delay p99 ${fixed(client.event_loop_delay_ms.p99, 1)} ms` : '',
    client.schedule_lag_ms ? `schedule lag p99 ${fixed(client.schedule_lag_ms.p99, 1)} ms` : '',
  ];
}
