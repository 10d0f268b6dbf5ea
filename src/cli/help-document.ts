/** What there is, for programs: commands, groups of them, and topics of the help. */
import { HELP_TOPICS } from './help-topics.js';

/** As oclif knows what can be typed. */
interface KnownSubjects {
  readonly commands: readonly {
    readonly id: string;
    readonly hidden: boolean;
    readonly summary?: string | undefined;
  }[];
  readonly topics: readonly { readonly name: string; readonly description?: string | undefined }[];
}

interface HelpDocument {
  readonly commands: readonly { readonly id: string; readonly summary: string }[];
  readonly topics: readonly { readonly name: string; readonly summary: string }[];
}

/** `asked`: a command or a group of them, with blanks; empty: all. */
export function helpDocument(known: KnownSubjects, asked: string): HelpDocument {
  const commands = Object.entries(subjectSummaries(known))
    .filter(([id]) => asked === '' || id === asked || id.startsWith(`${asked} `))
    .map(([id, summary]) => ({ id, summary }));
  const topics = Object.entries(HELP_TOPICS).map(([name, { summary }]) => ({ name, summary }));
  return { commands, topics };
}

/** Commands and groups of them in order, with what they are for. */
export function subjectSummaries({ commands, topics }: KnownSubjects): Readonly<Record<string, string>> {
  const visible = commands.filter(({ hidden }) => !hidden);
  const entries = [
    ...topics.map(({ name, description = '' }) => [name, description] as const),
    ...visible.map(({ id, summary = '' }) => [id, summary] as const),
  ];
  return Object.fromEntries(
    entries
      .map(([id, summary]) => [id.replaceAll(':', ' '), summary] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}
