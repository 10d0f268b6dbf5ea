import { describe, expect, it } from 'vitest';
import { type ChatShape, chatShape } from '../../src/gateway/chat-shape.js';

const UI = { id: '1', role: 'user', parts: [{ type: 'text', text: 'hi' }] };
const OLLAMA = { role: 'user', content: 'hi' };

describe('the shape of a chat', () => {
  it.each<[ChatShape, object]>([
    ['channel', { message: 'hi' }],
    ['channel', { message: 'hi', model: 'm' }],
    ['channel', { message: 'hi', messages: null }],
    ['channel', {}],
    ['channel', { message: 5 }],
    ['ollama', { model: 'm' }],
    ['ollama', { model: 'm', messages: [] }],
    ['ollama', { model: 'm', messages: [OLLAMA] }],
    ['ollama', { model: 'm', messages: [OLLAMA], message: 'x' }],
    ['ollama', { model: 'm', messages: 'x' }],
    ['ui-message', { id: 'c', messages: [UI], trigger: 'submit-message' }],
    ['ui-message', { messages: [UI] }],
    ['ui-message', { model: 'm', messages: [UI] }],
    ['ui-message', { messages: [OLLAMA], trigger: 'regenerate-message' }],
    ['ui-message', { trigger: 'submit-message' }],
  ])('is %s for %j', (shape, body) => {
    expect(chatShape(body)).toBe(shape);
  });

  it.each([
    [[]],
    ['text'],
    [null],
    [7],
    [{ messages: [OLLAMA] }],
    [{ messages: [] }],
    [{ messages: 'x', message: 'y' }],
  ])('is none for %j, and the error names all three', (body) => {
    expect(() => chatShape(body)).toThrow(/\{"message": text\}.*AI SDK.*Ollama/);
  });
});
