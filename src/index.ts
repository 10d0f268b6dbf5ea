/** The public API for programs: `import { QueueManager, Client, newChatTask } from 'gollama'`. */
export { type ErrorCode, GollamaError } from './base/errors.js';
export { Client, type ClientOptions, type TaskPage, type Waiting } from './client/client.js';
export type { NewTask, TaskQuery } from './client/new-task.js';
export type { StreamPlace, TaskStreamEvent } from './client/task-stream.js';
export { QueueManager, type QueueManagerParts } from './library/embedded-queue.js';
export type { Duration, EmbeddingOptions as QueueManagerOptions, RetryOptions } from './library/options.js';
export { type RunningServer, type ServerOptions, startServer } from './library/start-server.js';
export { Subscription, type TaskEvent } from './library/subscription.js';
export type { StreamChunk, TaskAnswer } from './library/task-answer.js';
export {
  type ChatTaskOptions,
  type EmbedTaskOptions,
  type GenerateTaskOptions,
  newChatTask,
  newEmbedTask,
  newGenerateTask,
  Priority,
  type TaskOptions,
} from './library/task-builders.js';
export type { TaskResult } from './library/task-endings.js';
export type { QueueStats, ServerStatus } from './protocol/status.js';
export type {
  ChatMessage,
  ChatPayload,
  EmbedPayload,
  GeneratePayload,
  TaskEventName,
  TaskReport,
  TaskStatus,
  TaskType,
} from './protocol/task.js';
