import { readFile } from 'node:fs/promises';
import { GollamaError } from '../../src/base/errors.js';
import { GollamaCommand } from '../../src/cli/base-command.js';
import { Args, Flags } from '../../src/cli/oclif.js';
import { findConfigFile, realSurroundings, shortName } from '../../src/config/load.js';
import { userFile } from '../../src/config/search-order.js';

interface SetResult {
  readonly path: string;
  readonly key: string;
  /** The key as the file spells it. */
  readonly written: string;
  /** Whether the file is another one than before. */
  readonly changed: boolean;
  /** A variable of this shell that stands before the key. */
  readonly overriddenBy: string | null;
  /** What was wrong with the file before, and still is. */
  readonly remainingProblems: readonly string[];
}

export default class ConfigSet extends GollamaCommand {
  static override summary = 'Change one key of the configuration file, or take it away';
  static override description =
    `Comments, order and quotes of the file stay as they are, and so does the spelling of the older programs' keys. \
The file is written only where it is valid afterwards. Without a file, one is made for the user.
A list is written as in YAML or comma separated. A running server takes the change on at its next start.`;
  static override examples = [
    '<%= config.bin %> config set queue.max_waiting 100',
    "<%= config.bin %> config set 'engines[0].slots' 4",
    `<%= config.bin %> config set engines '[{kind: openai, base_url: "http://gpu-box:8000"}]'`,
    '<%= config.bin %> config set --unset queue.max_waiting',
  ];
  static override args = {
    key: Args.string({
      required: true,
      description: 'such as queue.max_waiting or engines[0].slots',
      ignoreStdin: true,
    }),
    value: Args.string({ description: 'as the file would have it', ignoreStdin: true }),
  };
  static override flags = { unset: Flags.boolean({ description: 'take the key away, so that its default holds' }) };

  override async run(): Promise<SetResult> {
    const { args, flags } = await this.parse(ConfigSet);
    // oclif leaves out what was not given.
    const unset = flags.unset === true;
    if (unset === (args.value !== undefined)) {
      throw new GollamaError('usage', unset ? '--unset takes no value' : 'a value is missing', {
        hint: `${this.config.bin} config set ${unset ? '--unset ' : ''}${args.key}${unset ? '' : ' VALUE'}`,
      });
    }
    const around = realSurroundings();
    const found = await findConfigFile({ ...around, path: flags.config });
    const path = found?.path ?? userFile(around);
    const before = found?.text ?? '';
    const [{ editConfig }, { replaceFile, createFile }] = await Promise.all([
      import('../../src/config/edit-config.js'),
      import('../../src/config/edit-file.js'),
    ]);
    const name = shortName(path, around.cwd);
    const readText = (file: string) => readFile(file, 'utf8');
    const edited = await editConfig({ ...around, name, text: before, key: args.key, value: args.value, readText });
    if (!found) await createFile(path, edited.text);
    else if (edited.text !== before) await replaceFile(path, edited.text, before);
    const shown = unset ? 'unset' : edited.isSecret ? '****' : (args.value ?? '');
    this.log(`${name}: ${edited.written}: ${shown}`);
    for (const problem of edited.remaining) this.say(`warning: still wrong: ${problem}`);
    if (edited.override) this.say(`warning: $${edited.override} is set, and stands before the file`);
    return {
      path,
      key: edited.key,
      written: edited.written,
      changed: edited.text !== before,
      overriddenBy: edited.override ?? null,
      remainingProblems: edited.remaining,
    };
  }
}
