/** What the blocks of the READMEs show: by the name of the block, the lines that are typed. */
import type { Block, Blocks } from './blocks.js';
import { closeTerminals, Terminal } from './terminal.js';

interface Scene {
  readonly name: string;
  /** What is typed and not shown. */
  readonly before?: readonly string[];
  readonly lines?: readonly string[];
  /** Instead of `lines`. */
  readonly play?: (terminal: Terminal) => Promise<string>;
  readonly isMeasured?: boolean;
}

/** At the terminal of a new user, while the server runs. In this order: later ones show what earlier ones did. */
const WITH_SERVER: readonly Scene[] = [
  {
    name: 'gollama chat',
    play: (terminal) => terminal.converse('gollama chat', '>', ['/system Answer briefly.', 'Why is the sky blue?']),
  },
  {
    name: 'gollama submit',
    lines: [
      'gollama submit chat -m sim "Why is the sky blue?" --option num_predict=12',
      'gollama submit generate -m sim "Once upon a time" --option num_predict=12 --priority high --wait',
    ],
  },
  { name: 'gollama list', lines: ['gollama list'], before: ['gollama submit embed -m sim --input hi --delay 1h'] },
  { name: 'gollama status', lines: ['gollama status'] },
  { name: 'gollama doctor', lines: ['gollama doctor'] },
];

/** Nobody has to run for these. */
const ALONE: readonly Scene[] = [
  {
    name: 'gollama bench',
    lines: ['gollama bench --engine sim -c 4 -n 20 --max-tokens 16 --no-calibrate'],
    isMeasured: true,
  },
  {
    name: 'gollama config',
    before: ['mkdir ~/models && touch ~/models/qwen3-0.6b.gguf'],
    lines: [
      'gollama config init --model ~/models/qwen3-0.6b.gguf',
      'gollama config set engines[0].slots 4',
      'gollama config set queue.max_waiting 100',
      'gollama config check',
    ],
  },
  { name: 'gollama completion', lines: ['gollama completion fish | head -4'] },
];

/** `tell` hears of each block when it is begun. */
export async function makeBlocks(tell: (name: string) => void = () => {}): Promise<Blocks> {
  const made = new Map<string, Block>();
  const make = async (terminal: Terminal, scene: Scene) => {
    tell(scene.name);
    made.set(scene.name, { text: await played(terminal, scene), isMeasured: scene.isMeasured === true });
  };
  try {
    const terminal = await Terminal.open();
    const server = await terminal.begin('gollama serve', 'simulated ready"]}');
    made.set('gollama serve', { text: server.text, isMeasured: false });
    for (const scene of WITH_SERVER) await make(terminal, scene);
    await server.stop();
    const other = await Terminal.open();
    for (const scene of ALONE) await make(other, scene);
  } finally {
    await closeTerminals();
  }
  return made;
}

async function played(terminal: Terminal, { before = [], lines = [], play }: Scene): Promise<string> {
  if (play) return play(terminal);
  for (const line of before) await terminal.run(line);
  const texts: string[] = [];
  for (const line of lines) texts.push(await terminal.run(line));
  return texts.join('\n');
}
