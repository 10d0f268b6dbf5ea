#!/usr/bin/env node
/**
 * A stand-in for llama-server whose faults are chosen by flags. It knows no time: what it waits for is a request.
 *
 *   --port N --host H        where it listens              --mute               never listens
 *   --loading N              503 to the first N looks at /health, N = -1: for ever
 *   --no-health              404 to /health                --slots N            total_slots (default 1)
 *   --say TEXT               a line on stderr (repeatable) --fail CODE          ends with CODE after these lines
 *   --long-line BYTES        a line of that length on stdout
 *   --signals N              ends at the Nth SIGTERM; 0: never                  --kill-self  SIGKILL after the lines
 *   --grandchild             starts one that holds the pipes and ignores SIGTERM; says `grandchild PID`
 *   --stuck                  after an aborted chat its slot stays busy
 *
 * GET /exit?code=N ends it, GET /close-listener stops listening and lives on, GET /seen tells the last chat request,
 * its arguments and its key. Chat: as many words as `max_tokens`; without it one word, and then nothing until the client goes.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const text = { type: 'string' };
const flag = { type: 'boolean', default: false };
const { values } = parseArgs({
  strict: false,
  options: {
    port: text,
    host: { ...text, default: '127.0.0.1' },
    loading: { ...text, default: '0' },
    slots: { ...text, default: '1' },
    say: { ...text, multiple: true, default: [] },
    fail: text,
    signals: { ...text, default: '1' },
    'long-line': text,
    mute: flag,
    'no-health': flag,
    'kill-self': flag,
    grandchild: flag,
    stuck: flag,
  },
});

// An orphan's pipes are broken; a llama-server does not die of that.
process.stderr.on('error', () => {});

let signals = 0;
process.on('SIGTERM', () => {
  signals += 1;
  process.stderr.write(`SIGTERM ${signals}\n`);
  if (signals === Number(values.signals)) process.exit(0);
});

if (values.grandchild) {
  const script =
    "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('grandchild ' + process.pid)";
  spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'inherit', 'inherit'] });
}
if (values['long-line']) process.stdout.write(`${'x'.repeat(Number(values['long-line']))}\n`);
for (const line of values.say) process.stderr.write(`${line}\n`);
if (values['kill-self']) process.kill(process.pid, 'SIGKILL');
if (values.fail !== undefined) process.exit(Number(values.fail));

let loading = Number(values.loading);
let working = 0;
let seen = {};

const json = (response, status, body) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};

const word = (response, content, finish = null) => {
  const choice = { index: 0, finish_reason: finish, delta: content === null ? {} : { content } };
  const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'fake', choices: [choice] };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
};

function chat(request, response, body) {
  seen = { headers: request.headers, body, args: process.argv.slice(2), key: process.env.LLAMA_API_KEY };
  working += 1;
  let done = false;
  response.once('close', () => {
    if (done || !values.stuck) working -= 1;
  });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const words = body.max_tokens ?? 1;
  for (let at = 0; at < words; at++) word(response, `w${at} `);
  if (body.max_tokens === undefined) return;
  done = true;
  word(response, null, 'stop');
  response.end('data: [DONE]\n\n');
}

function answer(request, response, body) {
  const { pathname, searchParams } = new URL(request.url, 'http://engine');
  if (pathname === '/health') {
    if (values['no-health']) return json(response, 404, { error: 'not here' });
    if (loading === 0) return json(response, 200, { status: 'ok' });
    loading -= 1;
    return json(response, 503, { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } });
  }
  if (pathname === '/props') return json(response, 200, { total_slots: Number(values.slots) });
  if (pathname === '/v1/models')
    return json(response, 200, { data: [{ id: 'fake', aliases: ['fake', 'fake-alias'] }] });
  if (pathname === '/slots') {
    const slots = Array.from({ length: Number(values.slots) }, (_, id) => ({ id, is_processing: id < working }));
    return json(response, 200, slots);
  }
  if (pathname === '/v1/chat/completions') return chat(request, response, JSON.parse(body));
  if (pathname === '/seen') return json(response, 200, seen);
  if (pathname === '/exit') return process.exit(Number(searchParams.get('code')));
  if (pathname === '/close-listener') {
    json(response, 200, {});
    setInterval(() => {}, 1000);
    return server.close();
  }
  return json(response, 404, { error: { message: 'File Not Found', type: 'not_found_error', code: 404 } });
}

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => answer(request, response, Buffer.concat(parts).toString()));
});
if (values.mute) setInterval(() => {}, 1000);
else {
  server.listen(Number(values.port ?? 0), values.host, () => {
    process.stderr.write(`listening on http://${values.host}:${server.address().port}\n`);
  });
}
