/** Plays one scripted answer to one client. */
import type { Clock } from '../../src/base/clock.js';
import { LAST_HTTP_CHUNK } from './answer-bytes.js';
import type { AnswerSink } from './connection.js';
import type { ScriptedAnswer } from './script.js';

export function playScript(answer: ScriptedAnswer, sink: AnswerSink, clock: Clock): void {
  const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  sink.write(`HTTP/1.1 ${answer.status} -\r\n${headers.join('')}transfer-encoding: chunked\r\n\r\n`);
  playStep(answer, 0, sink, clock);
}

function playStep(answer: ScriptedAnswer, at: number, sink: AnswerSink, clock: Clock): void {
  const step = answer.steps[at];
  if (step === undefined) {
    end(answer, sink);
    return;
  }
  const play = () => {
    if (!sink.isOpen) return;
    // An empty chunk would be the end of the body.
    if (step.bytes.length > 0) sink.write(httpChunkOf(step.bytes));
    playStep(answer, at + 1, sink, clock);
  };
  if (step.delayMs === 0) play();
  else clock.after(step.delayMs, play);
}

function end({ ending }: ScriptedAnswer, sink: AnswerSink): void {
  if (ending === 'held') return;
  if (ending === 'cut') {
    sink.cut();
  } else {
    sink.write(LAST_HTTP_CHUNK);
    sink.done();
  }
}

function httpChunkOf(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}
