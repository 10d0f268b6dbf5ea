/** Reads lines and prints what came of them as JSON, until the end of input: `node --import tsx line-editor-program.mjs [mode]`. */
import { systemClock } from '../../src/base/clock.ts';
import { LineEditor } from '../../src/cli/terminal/line-editor.ts';
import { editText } from '../../src/cli/terminal/text-editor.ts';

const [mode] = process.argv.slice(2);
const lines = [];
const editor = new LineEditor({
  input: process.stdin,
  output: process.stdout,
  clock: systemClock,
  signals: process,
  history: { entries: () => lines, add: (text) => lines.push(text) },
});
editor.start();

/** Long texts by their length. */
const shown = (result) =>
  JSON.stringify(result, (_, value) =>
    typeof value === 'string' && value.length > 1_000 ? `${value.length} characters` : value,
  );

/** "Answers" until Ctrl+C. */
async function answer() {
  process.stdout.write('answering\r\n');
  await new Promise((resolve) => {
    const off = editor.onInterrupt(() => {
      off();
      resolve();
    });
  });
  process.stdout.write('stopped\r\n');
}

let prefill;
for (;;) {
  const result = await editor.read('> ', { prefill });
  prefill = undefined;
  process.stdout.write(`=> ${shown(result)}\r\n`);
  if (result.kind === 'end') break;
  if (result.kind === 'edit') {
    editor.suspend();
    prefill = (await editText(result.text, { env: process.env })).text;
    editor.resume();
  }
  if (result.text === 'answer') await answer();
  if (result.text === 'throw') throw new Error('thrown on purpose');
  if (result.text === 'exit') process.exit(3);
}
editor.stop();
if (mode === 'linger') process.stdin.on('data', () => process.exit(0)).resume();
