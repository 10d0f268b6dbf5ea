/** The status of a server as text. */
import type { EngineReport, ServerStatus } from '../protocol/status.js';
import { durationText } from './duration-text.js';
import { renderTable } from './table.js';

export function statusText(url: string, status: ServerStatus): string {
  const running = status.engines.reduce((sum, engine) => sum + engine.slots_busy, 0);
  const lines = [
    `server    ${url}   up ${durationText(status.uptime_s)}   gollama ${status.version}`,
    `queue     ${status.waiting_interactive} waiting · ${running} running`,
    '',
    engineTable(status.engines),
  ];
  const problems = status.engines.filter(({ last_error }) => last_error !== null);
  if (problems.length > 0) lines.push('', ...problems.map(({ name, last_error }) => `${name}: ${last_error}`));
  return lines.join('\n');
}

function engineTable(engines: readonly EngineReport[]): string {
  return renderTable(
    [
      { title: 'ENGINE' },
      { title: 'KIND' },
      { title: 'STATE' },
      { title: 'SLOTS', align: 'right' },
      { title: 'WAIT', align: 'right' },
      { title: 'RESTARTS', align: 'right' },
      { title: 'MODELS' },
    ],
    engines.map((engine) => [
      engine.name,
      engine.kind,
      engine.state,
      `${engine.slots_busy}/${engine.slots_total}`,
      String(engine.waiting),
      String(engine.restarts),
      engine.models.join(', ') || '–',
    ]),
  );
}
