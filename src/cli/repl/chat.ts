/** A chat as it stands: the server, the model, the session, how answers are shown, and what goes along with the next message. */

import { type GollamaError, toGollamaError } from '../../base/errors.js';
import type { Attachment } from '../../chat/attachments.js';
import type { ChatServer } from '../../chat/choose-answers.js';
import { type ContextUse, contextUse } from '../../chat/context-meter.js';
import type { Conversation, UserMessage } from '../../chat/conversation.js';
import type { ModelChoice } from '../../chat/model-choice.js';
import type { ParameterValue, Setting } from '../../chat/parameters.js';
import type { Session } from '../../chat/session.js';
import type { SessionFiles } from '../../chat/session-files.js';

/** Reasoning: as one line when it is over, as it comes, or not at all. */
export type ThoughtView = 'fold' | 'show' | 'hide';

export interface ChatView {
  /** Markdown is rendered. */
  renders: boolean;
  thoughts: ThoughtView;
  /** A line of figures stands behind each answer. */
  tellsStats: boolean;
}

export interface ChatOptions {
  readonly server: ChatServer;
  readonly model: ModelChoice;
  /** All there are. */
  readonly models: readonly ModelChoice[];
  readonly session: Session;
  readonly files: SessionFiles;
  readonly isSaved: boolean;
  readonly view: ChatView;
}

/** What came of a save: nothing to say, or what to tell. */
export type SaveOutcome = { readonly note: string; readonly error?: GollamaError } | undefined;

export class Chat {
  readonly server: ChatServer;
  readonly files: SessionFiles;
  readonly view: ChatView;
  /** They go along with the next message. */
  attachments: readonly Attachment[] = [];
  isSaved: boolean;
  /** Of files that were mentioned and are not to go along. */
  readonly unwantedPaths = new Set<string>();
  #session: Session;
  #model: ModelChoice;
  /** As they were last told. */
  #models: readonly ModelChoice[];
  #hasToldFailure = false;

  constructor({ server, model, models, session, files, isSaved, view }: ChatOptions) {
    this.server = server;
    this.files = files;
    this.view = view;
    this.isSaved = isSaved;
    this.#session = { ...session, model: model.name };
    this.#model = model;
    this.#models = models;
  }

  get session(): Session {
    return this.#session;
  }

  get conversation(): Conversation {
    return this.#session.conversation;
  }

  set conversation(conversation: Conversation) {
    this.#session = { ...this.#session, conversation };
  }

  get model(): ModelChoice {
    return this.#model;
  }

  /** The messages stay. */
  set model(model: ModelChoice) {
    this.#model = model;
    this.#session = { ...this.#session, model: model.name };
  }

  get models(): readonly ModelChoice[] {
    return this.#models;
  }

  /** `undefined`: as the model does. */
  set think(think: boolean | string | undefined) {
    this.#session = { ...this.#session, think };
  }

  set title(title: string) {
    this.#session = { ...this.#session, title };
  }

  /** Goes on with another session. */
  resume(session: Session): void {
    this.#session = session;
    this.#hasToldFailure = false;
  }

  set({ name, value }: Setting): void {
    this.#session = { ...this.#session, options: { ...this.#session.options, [name]: value } };
  }

  unset(name: string): void {
    const { [name]: _, ...options } = this.#session.options;
    this.#session = { ...this.#session, options };
  }

  setting(name: string): ParameterValue | undefined {
    return this.#session.options[name];
  }

  /** Of one request, in tokens; undefined where nobody tells. */
  get contextTokens(): number | undefined {
    const asked = this.setting('num_ctx');
    return this.#model.contextTokens ?? (typeof asked === 'number' ? asked : undefined);
  }

  /** With `next`, the message that is about to be sent. */
  use(next?: UserMessage): ContextUse {
    return contextUse(this.conversation, this.contextTokens, next);
  }

  /** Asks the server for its models, and what it now knows of ours. */
  async look(signal?: AbortSignal): Promise<readonly ModelChoice[]> {
    this.#models = await this.server.models(signal);
    const ours = this.#models.find(({ name }) => name === this.#model.name);
    if (ours) this.#model = ours;
    return this.#models;
  }

  /** Says what went wrong once, until it goes well again. Never rejects. */
  async save(): Promise<SaveOutcome> {
    const isNew = this.#session.revision === 0;
    if (!this.isSaved || (isNew && this.conversation.turns.length === 0)) return undefined;
    try {
      this.#session = await this.files.save(this.#session);
      this.#hasToldFailure = false;
      return undefined;
    } catch (thrown) {
      const error = toGollamaError(thrown);
      return error.code === 'conflict' ? this.#saveApart(error) : this.#failed(error);
    }
  }

  /** Another program has the session: this conversation goes on under another id. */
  async #saveApart(conflict: GollamaError): Promise<SaveOutcome> {
    try {
      const before = this.#session.id;
      this.#session = await this.files.save(await this.files.fork(this.#session));
      return { note: `session ${before} was changed by another program: this chat goes on as ${this.#session.id}` };
    } catch {
      return this.#failed(conflict);
    }
  }

  #failed(error: GollamaError): SaveOutcome {
    if (this.#hasToldFailure) return undefined;
    this.#hasToldFailure = true;
    return { note: 'the chat goes on without being saved', error };
  }
}
