/** Makes a backlog: a folder with waiting tasks, which the measurements of backlogs find in turn. */
import type { Figures, Setting } from './measurement.js';
import { fill, withStore } from './stores.js';

/** `waiting` tasks in `large`, which becomes what they need. */
export function fillBacklog({ large, waiting }: Setting): Promise<Figures> {
  return withStore(large, async (store) => {
    await fill(store, waiting);
    return {};
  });
}
