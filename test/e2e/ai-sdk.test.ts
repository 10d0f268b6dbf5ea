/** Vercel's `ai` package against everything but the app: its transport, and its chat as `useChat` has it. */
import { AbstractChat, type ChatState, DefaultChatTransport, type UIMessage, type UIMessageChunk } from 'ai';
import { afterEach, describe, expect, it } from 'vitest';
import type { TaskReport } from '../../src/protocol/task.js';
import type { TaskQueue } from '../../src/tasks/task-queue.js';
import { startChatServer } from '../support/chat-gateway.js';
import { endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';

afterEach(endAll);

const FAST = 'engines: [{kind: simulated, models: [sim], slots: 2, ttft: 1ms, token_time: 1ms}]';
const SLOW = 'engines: [{kind: simulated, models: [sim], slots: 2, ttft: 1ms, token_time: 10ms}]';

const user = (text: string): UIMessage => ({ id: 'u1', role: 'user', parts: [{ type: 'text', text }] });

/** What `useChat` keeps in React. */
class PlainState implements ChatState<UIMessage> {
  status: ChatState<UIMessage>['status'] = 'ready';
  error: Error | undefined;
  messages: UIMessage[];

  constructor(messages: UIMessage[]) {
    this.messages = messages;
  }

  pushMessage = (message: UIMessage) => {
    this.messages = [...this.messages, message];
  };
  popMessage = () => {
    this.messages = this.messages.slice(0, -1);
  };
  replaceMessage = (index: number, message: UIMessage) => {
    this.messages = this.messages.map((old, at) => (at === index ? structuredClone(message) : old));
  };
  snapshot = <T>(thing: T): T => structuredClone(thing);
}

class Chat extends AbstractChat<UIMessage> {}

function chatOn(
  url: string,
  { messages = [], api = '/api/chat', body = {} }: { messages?: UIMessage[]; api?: string; body?: object } = {},
) {
  const transport = new DefaultChatTransport<UIMessage>({ api: `${url}${api}`, body });
  const failures: Error[] = [];
  const chat = new Chat({
    id: 'c1',
    transport,
    state: new PlainState(messages),
    onError: (error) => failures.push(error),
  });
  return { chat, transport, failures };
}

function textOf(message: UIMessage | undefined): string {
  return (message?.parts ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
}

async function newestTask(tasks: TaskQueue): Promise<TaskReport> {
  const visitor = { name: 'x', admin: true, maxPriority: undefined };
  const [task] = (await tasks.list({ newestFirst: true, limit: 1 }, visitor)).tasks;
  if (!task) throw new Error('there is no task');
  return task;
}

/** The text of its result. */
async function newestAnswer(tasks: TaskQueue): Promise<string> {
  const { result } = await newestTask(tasks);
  return (result as { message: { content: string } }).message.content;
}

async function chunksOf(stream: ReadableStream<UIMessageChunk>): Promise<UIMessageChunk[]> {
  const chunks: UIMessageChunk[] = [];
  for await (const chunk of stream as unknown as AsyncIterable<UIMessageChunk>) chunks.push(chunk);
  return chunks;
}

const deltas = (chunks: UIMessageChunk[]) =>
  chunks.map((chunk) => (chunk.type === 'text-delta' ? chunk.delta : '')).join('');

describe.each(['/api/chat', '/ai/chat'])('the chat of the AI SDK at %s', (api) => {
  it('gets its answer, and the next one in the same chat', async () => {
    const { url, tasks } = await startChatServer(FAST);
    const { chat, failures } = chatOn(url, { api, body: { options: { num_predict: 6 } } });
    await chat.sendMessage({ text: 'Say something.' });
    await chat.sendMessage({ text: 'And now?' });
    expect(failures).toEqual([]);
    expect(chat.status).toBe('ready');
    expect(chat.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
    expect(new Set(chat.messages.map(({ id }) => id)).size).toBe(4);
    const last = await newestTask(tasks);
    expect(last.payload).toMatchObject({
      messages: [
        { role: 'user', content: 'Say something.' },
        { role: 'assistant', content: textOf(chat.messages[1]) },
        { role: 'user', content: 'And now?' },
      ],
    });
    expect(await newestAnswer(tasks)).toBe(textOf(chat.messages[3]));
  });
});

describe('the chat of the AI SDK', () => {
  it('shows what went wrong', async () => {
    const { url } = await startChatServer(FAST);
    const { chat, failures } = chatOn(url, { body: { model: 'nope' } });
    await chat.sendMessage({ text: 'x' });
    expect(chat.status).toBe('error');
    expect(failures.map(({ message }) => message).join()).toContain("'nope' does not exist");
  });

  it('comes back to an answer under way, and has it whole', async () => {
    const { url } = await startChatServer(SLOW);
    const first = chatOn(url, { body: { options: { num_predict: 60 } } });
    const controller = new AbortController();
    const stream = await first.transport.sendMessages({
      trigger: 'submit-message',
      chatId: 'c1',
      messageId: undefined,
      messages: [user('Say something.')],
      abortSignal: controller.signal,
    });
    const reader = stream.getReader();
    for (let seen = 0; seen < 8; seen += 1) await reader.read();
    controller.abort();
    const later = chatOn(url, { messages: [user('Say something.')] });
    const whole = await later.transport.reconnectToStream({ chatId: 'c1' });
    if (!whole) throw new Error('nothing is under way');
    const chunks = await chunksOf(whole);
    expect(chunks.at(-1)).toEqual({ type: 'finish' });
    expect(deltas(chunks).split(/\s+/).length).toBeGreaterThan(30);
    await eventually('the end was taken', async () => {
      const again = await later.transport.reconnectToStream({ chatId: 'c1' });
      await again?.cancel();
      return again === null;
    });
  });

  it('resumes as useChat does when its page is loaded again', async () => {
    const { url, tasks } = await startChatServer(SLOW);
    const first = chatOn(url, { body: { options: { num_predict: 40 } } });
    void first.chat.sendMessage({ text: 'Say something.' });
    await eventually('something was said', () => textOf(first.chat.messages[1]).length > 10);
    const part = structuredClone(first.chat.messages);
    await first.chat.stop();
    const second = chatOn(url, { messages: part });
    await second.chat.resumeStream();
    expect([second.failures, second.chat.status]).toEqual([[], 'ready']);
    const content = await newestAnswer(tasks);
    expect(second.chat.messages).toHaveLength(2);
    expect(textOf(second.chat.messages[1])).toBe(content);
  });

  it('resumes after the server was started again: the answer is told from its new beginning', async () => {
    const before = await startChatServer(SLOW);
    const first = chatOn(before.url, { body: { options: { num_predict: 60 } } });
    void first.chat.sendMessage({ text: 'Say something.' });
    await eventually('something was said', () => textOf(first.chat.messages[1]).length > 10);
    await before.stop();
    await eventually('the chat has noticed', () => first.chat.status === 'error');
    const after = await startChatServer(SLOW, { place: before.place });
    const second = chatOn(after.url, { messages: [user('Say something.')] });
    await second.chat.resumeStream();
    expect([second.failures, second.chat.status]).toEqual([[], 'ready']);
    const content = await newestAnswer(after.tasks);
    expect(textOf(second.chat.messages[1])).toBe(content);
  });
});
