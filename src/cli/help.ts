/** Help as oclif shows it, with pages on topics that are no command. */
import type { Command } from '@oclif/core/command';
import type { CommandHelp } from '@oclif/core/help';
import { ERROR_CODES } from '../base/errors.js';
import { nearest } from '../base/nearest.js';
import { realSurroundings } from '../config/load.js';
import { searchOrder } from '../config/search-order.js';
import type { CommandFailure } from './command-failure.js';
import { helpDocument } from './help-document.js';
import { HELP_TOPICS, type HelpSource } from './help-topics.js';
import { jsonDocument, jsonText } from './json-document.js';
import { Help } from './oclif.js';

const WIDTH_MIN = 60;
const WIDTH_MAX = 120;

/** Lines of a description that are code: of two blanks at least, since oclif begins rests of lines with one. */
const CODE_LINE = /^ {2,}\S/;

/** @public oclif loads it */
export default class GollamaHelp extends Help {
  /** A command, a group of commands, or all there is; behind the word "help" also a page. */
  override async showHelp(argv: string[]): Promise<void> {
    if (this.#isGroupAsCommand(argv) && process.argv.includes('--json')) {
      process.stdout.write(jsonText(jsonDocument(helpDocument(this.config, (argv[0] ?? '').replaceAll(':', ' ')))));
      return;
    }
    const words = subjectOf(argv);
    const topic = argv[0] === 'help' && words.length === 1 ? HELP_TOPICS[words[0] ?? ''] : undefined;
    if (topic) {
      for (const line of await topic.lines(helpSource(this.config.commands))) this.log(line);
      return;
    }
    const failure = unknownSubject(words, this.#known());
    // With the word in front, only the first of the words behind it would count.
    if (!failure) return super.showHelp(argv[0] === 'help' ? argv.slice(1) : argv);
    process.stderr.write(`error: ${failure.message}\n  hint: ${failure.hint}\n`);
    process.exitCode = failure.exitCode;
  }

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    const rows = Object.entries(HELP_TOPICS).map(([name, { summary }]): [string, string] => [`help ${name}`, summary]);
    this.log(
      this.section(
        'MORE HELP',
        this.renderList(rows, { indentation: 2, spacer: '\n', stripAnsi: this.opts.stripAnsi ?? false }),
      ),
    );
    this.log('');
  }

  /**
   * Code is shown as it stands: broken in the middle, or without what it is indented by, it would be of no use. No class of our
   * own: to name oclif's class would load it with every command.
   */
  protected override getCommandHelpClass(command: Command.Loadable): CommandHelp {
    const help = super.getCommandHelpClass(command);
    const wrapLine = help.wrap.bind(help);
    help.wrap = (body, spacing) => {
      const lines = help.render(body).split('\n');
      return lines.map((line) => (CODE_LINE.test(line) ? line : wrapLine(line, spacing))).join('\n');
    };
    return help;
  }

  /** oclif then gives the name of the group alone, not the flags behind it. */
  #isGroupAsCommand(argv: readonly string[]): boolean {
    const [name = ''] = argv;
    const isGroup = argv.length === 1 && this.config.topics.some((topic) => topic.name === name);
    return isGroup && this.config.findCommand(name) === undefined;
  }

  #known(): string[] {
    const commands = this.config.commands.map(({ id }) => id.replaceAll(':', ' '));
    return [...commands, ...this.config.topics.map(({ name }) => name.replaceAll(':', ' '))];
  }
}

export function helpSource(commands: HelpSource['commands']): HelpSource {
  const width = Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, process.stdout.columns ?? 80));
  return { commands, width, places: searchOrder(realSurroundings()) };
}

/** undefined: there is something to tell about the first words. `known` are commands and groups of them. */
export function unknownSubject(words: readonly string[], known: readonly string[]): CommandFailure | undefined {
  const [first] = words;
  if (first === undefined || known.includes(first) || known.includes(words.join(' '))) return undefined;
  const meant =
    nearest(words.join(' '), [...known, ...Object.keys(HELP_TOPICS)]) ?? nearest(first, Object.keys(HELP_TOPICS));
  return {
    code: 'usage',
    message: `there is no help on "${words.join(' ')}"`,
    hint: meant === undefined ? 'see: gollama help' : `did you mean "gollama help ${meant}"?`,
    exitCode: ERROR_CODES.usage.exitCode,
  };
}

/** The words in front of the first flag, without the word "help" itself. */
function subjectOf(argv: readonly string[]): string[] {
  const end = argv.findIndex((word) => word.startsWith('-'));
  const words = end < 0 ? argv : argv.slice(0, end);
  return words[0] === 'help' ? words.slice(1) : [...words];
}
