import { Args, Flags } from '../../src/cli/oclif.js';
import { SubmitCommand } from '../../src/cli/submit-command.js';
import { SUBMIT_FLAGS } from '../../src/cli/submit-flags.js';

export default class SubmitChat extends SubmitCommand {
  static override summary = 'Put a chat into the queue; prints the id of the task';
  static override description =
    `The task is kept when this prints: it survives a crash of the server, and is tried again where it fails.
Without --messages and without a prompt, standard input is asked.

Exit codes with --wait and --stream: 0 completed · 1 failed or cancelled · 10 timed out · 130 Ctrl+C (the task goes on).`;
  static override examples = [
    '<%= config.bin %> submit chat -m qwen3 --messages "user:Hello, how are you?" --priority high',
    '<%= config.bin %> submit chat -m qwen3 "Why is the sky blue?" --stream',
    'git diff | <%= config.bin %> submit chat -m qwen3 --system "Review this." --wait',
    '<%= config.bin %> submit chat -m qwen3 "Good morning" --at 2026-11-21T07:00:00Z --key morning-21',
  ];
  static override args = {
    prompt: Args.string({ description: 'what the user says, instead of --messages', ignoreStdin: true }),
  };
  static override flags = {
    ...SUBMIT_FLAGS,
    messages: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'ROLE:TEXT',
      description: 'a message of the chat, such as "user:Hello"; repeatable',
    }),
    system: Flags.string({ helpValue: 'TEXT', description: 'what the model is told first' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(SubmitChat);
    const { chatMessages } = await import('../../src/cli/chat-messages.js');
    const messages = await chatMessages(flags.messages, args.prompt);
    const payload = { messages, ...(flags.system === undefined ? {} : { system: flags.system }) };
    return this.submit({ type: 'chat', model: flags.model, payload }, flags);
  }
}
