/**
 * Parts of the AI SDK's UI message stream, version 1: server-sent events with one part each, `[DONE]` as the last one. Only
 * members that every version from 5 on takes. Source: github.com/vercel/ai, packages/ai/src/ui-message-stream.
 */
export type UiMessagePart =
  /** Without an id the client goes on with the message it has. */
  | { readonly type: 'start'; readonly messageId?: string }
  | { readonly type: 'start-step' | 'finish-step' | 'finish' | 'abort' }
  | { readonly type: 'text-start' | 'text-end' | 'reasoning-start' | 'reasoning-end'; readonly id: string }
  | { readonly type: 'text-delta' | 'reasoning-delta'; readonly id: string; readonly delta: string }
  | {
      readonly type: 'tool-input-available';
      readonly toolCallId: string;
      readonly toolName: string;
      readonly input: unknown;
    }
  | {
      readonly type: 'tool-input-error';
      readonly toolCallId: string;
      readonly toolName: string;
      readonly input: unknown;
      readonly errorText: string;
    }
  | { readonly type: 'error'; readonly errorText: string };

/** The header that tells a client which stream it is. */
export const UI_MESSAGE_STREAM_HEADER = { 'x-vercel-ai-ui-message-stream': 'v1' };
