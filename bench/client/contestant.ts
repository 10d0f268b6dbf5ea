/** The two clients that are compared: ours, and what one would write first. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { type Clock, pause } from '../../src/base/clock.js';
import { monotonicUs } from '../mock/monotonic.js';
import { runStamped, type StampedRun } from '../stamped-run.js';

export type ContestantName = 'ours' | 'idiomatic';

export interface Play {
  readonly baseUrl: string;
  readonly streams: number;
  readonly tokens: number;
  readonly rampMs: number;
}

export function receive(name: ContestantName, play: Play, clock: Clock): Promise<StampedRun> {
  const signal = new AbortController().signal;
  return name === 'ours' ? runStamped({ ...play, workers: 1, clock, signal }) : idiomatic(play, clock);
}

/** `fetch`, TextDecoderStream, EventSourceParserStream, JSON.parse. */
async function idiomatic({ baseUrl, streams, tokens, rampMs }: Play, clock: Clock): Promise<StampedRun> {
  const startedMs = clock.now();
  const before = process.cpuUsage();
  const delaysMs: number[] = [];
  const requests = Array.from({ length: streams }, async (_, index) => {
    await pause(clock, (rampMs * index) / streams);
    const response = await fetch(`${baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'mock', messages: [], stream: true, max_tokens: tokens }),
    });
    if (!response.body) throw new Error('no body');
    const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { data } of events) {
      const receivedUs = monotonicUs();
      if (data === '[DONE]') break;
      const content = contentOf(JSON.parse(data));
      if (content) delaysMs.push((receivedUs - Number(content)) / 1000);
    }
  });
  await Promise.all(requests);
  const { user, system } = process.cpuUsage(before);
  const wallMs = clock.now() - startedMs;
  delaysMs.sort((one, other) => one - other);
  return { events: delaysMs.length, wallMs, cpuUs: user + system, delaysMs };
}

function contentOf(message: { choices?: { delta?: { content?: string } }[] }): string | undefined {
  return message.choices?.[0]?.delta?.content;
}
