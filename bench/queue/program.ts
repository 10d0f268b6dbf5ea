/** One measurement in a process of its own. Ends with its parent. */
import { messageOf } from '../../src/base/errors.js';
import { quietMoment } from '../relay/machine.js';
import { MEASUREMENTS } from './catalogue.js';
import type { Setting } from './measurement.js';
import type { ProgramMessage } from './measuring-process.js';
import { STEPS } from './steps.js';

const [name = '', setting = '{}'] = process.argv.slice(2);

process.once('disconnect', () => process.exit());
try {
  const measure = MEASUREMENTS[name];
  if (!measure) throw new Error('there is no such measurement');
  if (STEPS.some((step) => step.name === name)) await quietMoment(new AbortController().signal);
  tell({ figures: await measure(JSON.parse(setting) as Setting) });
} catch (thrown) {
  tell({ error: messageOf(thrown) });
}

function tell(message: ProgramMessage): void {
  process.send?.(message);
}
