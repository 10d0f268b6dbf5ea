/** Readers with a package of their own: `openai`, `ai`, and gollama's client. */
import { DefaultChatTransport } from 'ai';
import OpenAI from 'openai';
import { Client } from '../../src/client/client.js';
import { tellOwn, wait } from './event-readers.js';
import type { Reading } from './faces.js';
import type { Transcript } from './transcript.js';

const PAUSE_MS = [5, 150] as const;
const CUT_TEXT = 'the answer broke off, and began again';

export async function readByClient({ url, id, transcript, signal }: Reading): Promise<void> {
  const client = new Client(url);
  try {
    await untilAnswered(client, signal);
    for await (const event of client.streamTask(id, { signal })) {
      const { id: place, type, ...told } = event;
      if (place === '') transcript.fault('was told that the log is lost');
      else transcript.record(Number(place.slice(place.lastIndexOf(':') + 1)), contentOf(event));
      tellOwn(transcript, type, told);
    }
  } catch (thrown) {
    if (!signal.aborted) transcript.fault(`gave up: ${String(thrown)}`);
  }
}

/** A server that has never answered is told as missing at once. */
async function untilAnswered(client: Client, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return void (await client.status(signal));
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      await wait(PAUSE_MS[1]);
    }
  }
}

/** As the events of the same record are, where they are read without a client. */
function contentOf({ id: _, type, ...told }: { readonly id: string; readonly type: string }): string {
  const { usage = null, ...rest } = told as { usage?: unknown };
  return `${type} ${JSON.stringify(type === 'done' ? { ...rest, usage } : rest)}`;
}

export async function readByOpenAi({ url, id, transcript, signal, dice }: Reading): Promise<void> {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-any', maxRetries: 0 });
  while (!signal.aborted && transcript.end === undefined) {
    transcript.connections += 1;
    try {
      const after = transcript.last >= 0 ? { starting_after: transcript.last } : {};
      const stream = await client.responses.retrieve(id, { stream: true, ...after }, { signal });
      for await (const event of stream) takeResponseEvent(transcript, event);
    } catch (thrown) {
      const status = thrown instanceof OpenAI.APIError ? thrown.status : undefined;
      if (status !== undefined && status !== 503) {
        transcript.fault(`was answered ${String(thrown)}`);
        return;
      }
    }
    await wait(dice.between(...PAUSE_MS));
  }
}

function takeResponseEvent(transcript: Transcript, event: OpenAI.Responses.ResponseStreamEvent): void {
  if (event.type === 'error') {
    transcript.fault(`was told an error: ${event.message}`);
    return;
  }
  transcript.record(event.sequence_number, '');
  // Objects tell the task as it is when they are read, so only the pieces are the same for all.
  transcript.records.delete(event.sequence_number);
  switch (event.type) {
    case 'response.output_text.delta':
      transcript.say(event.delta);
      break;
    case 'response.reasoning_text.delta':
      transcript.think(event.delta);
      break;
    case 'response.in_progress':
    case 'response.queued':
      if (event.response.output.length === 0 && transcript.text + transcript.reasoning !== '') transcript.restart();
      break;
    case 'response.output_text.done':
      if (event.text !== transcript.text) transcript.fault('was told another text as a whole than in pieces');
      break;
    case 'response.completed':
      if (textIn(event.response) !== transcript.text)
        transcript.fault('has another text in its response than in pieces');
      transcript.finish('completed');
      break;
    case 'response.incomplete':
      transcript.finish('cancelled');
      break;
    case 'response.failed':
      transcript.finish('failed');
      break;
  }
}

function textIn({ output }: OpenAI.Responses.Response): string {
  const messages = output.flatMap((item) => (item.type === 'message' ? item.content : []));
  return messages.map((part) => (part.type === 'output_text' ? part.text : '')).join('');
}

/** Each connection tells all of the message again. */
export async function readByUiTransport({ url, chatId, transcript, signal, dice }: Reading): Promise<void> {
  const transport = new DefaultChatTransport({ api: `${url}/api/chat` });
  while (!signal.aborted && transcript.end === undefined) {
    transcript.connections += 1;
    transcript.clear();
    try {
      const stream = await transport.reconnectToStream({ chatId });
      if (stream === null) return transcript.finish('untold');
      for await (const part of stream) {
        if (part.type === 'text-delta') transcript.say(part.delta);
        else if (part.type === 'reasoning-delta') transcript.think(part.delta);
        else if (part.type === 'finish') transcript.finish('completed');
        else if (part.type === 'abort') transcript.finish('cancelled');
        else if (part.type === 'error' && part.errorText !== CUT_TEXT) transcript.finish('failed');
      }
    } catch {
      transcript.cut();
    }
    await wait(dice.between(...PAUSE_MS));
  }
}
