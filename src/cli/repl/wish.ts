/** What a chat is begun with, as the command line says it. */
import { parseAssignment, type Setting } from '../../chat/parameters.js';
import type { ChatView } from './chat.js';

type SessionWish =
  | { readonly kind: 'new' | 'last' }
  | { readonly kind: 'named' /** Or the beginning of one. */; readonly id: string };

export interface ChatWish {
  /** Base URL. */
  readonly server: string;
  /** On the command line: then a model is one of its. */
  readonly isServerNamed: boolean;
  readonly apiKey: string | undefined;
  /** A name, or a file that a server of our own is to load. */
  readonly model: string | undefined;
  /** Start a server where none answers. */
  readonly serves: boolean;
  /** A text, `@file`, or `off`. */
  readonly system: string | undefined;
  readonly settings: readonly Setting[];
  /** Paths of texts and images. */
  readonly files: readonly string[];
  /** Paths of what can be nothing else. */
  readonly images: readonly string[];
  readonly session: SessionWish;
  readonly isSaved: boolean;
  /** Undefined: as the session has it, or the model likes. */
  readonly think: boolean | string | undefined;
  readonly view: ChatView;
}

export interface ChatFlags {
  readonly model?: string | undefined;
  readonly system?: string | undefined;
  readonly option?: readonly string[] | undefined;
  readonly file?: readonly string[] | undefined;
  readonly image?: readonly string[] | undefined;
  readonly continue?: boolean | undefined;
  readonly resume?: string | undefined;
  readonly 'no-save'?: boolean | undefined;
  readonly plain?: boolean | undefined;
  readonly serve?: boolean | undefined;
  readonly think?: string | undefined;
  readonly quiet?: boolean | undefined;
}

/** Throws `usage` for what is no parameter. */
export function chatWish(flags: ChatFlags, server: Pick<ChatWish, 'server' | 'isServerNamed' | 'apiKey'>): ChatWish {
  const { think } = flags;
  const isView = think === 'show' || think === 'hide';
  return {
    ...server,
    model: flags.model,
    serves: flags.serve ?? false,
    system: flags.system,
    settings: (flags.option ?? []).map(parseAssignment),
    files: flags.file ?? [],
    images: flags.image ?? [],
    session: sessionWish(flags),
    isSaved: !flags['no-save'],
    think: isView || think === undefined ? undefined : think === 'on' ? true : think === 'off' ? false : think,
    view: { renders: !flags.plain, thoughts: isView ? think : 'fold', tellsStats: !flags.quiet },
  };
}

function sessionWish({ continue: isLast, resume }: ChatFlags): SessionWish {
  if (resume !== undefined) return { kind: 'named', id: resume };
  return { kind: isLast ? 'last' : 'new' };
}
