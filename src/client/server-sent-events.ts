/** The events of a response (WHATWG HTML, 9.2), one by one. Leaving early ends the connection. */
import type { IncomingMessage } from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** Of one event. */
const EVENT_CHARACTERS_MAX = 32 * 1024 * 1024;

/** Throws where an event is too large, and what the connection throws when it breaks. */
export async function* serverSentEvents(response: IncomingMessage): AsyncGenerator<EventSourceMessage, void> {
  const parsed: EventSourceMessage[] = [];
  let failure: Error | undefined;
  const parser = createParser({
    maxBufferSize: EVENT_CHARACTERS_MAX,
    onEvent: (message) => parsed.push(message),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') failure = error;
    },
  });
  response.setEncoding('utf8');
  for await (const text of response as AsyncIterable<string>) {
    parser.feed(text);
    yield* parsed.splice(0);
    if (failure) throw failure;
  }
}
