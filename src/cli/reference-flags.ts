/**
 * Global flags of Ollama Queue's command line, which scripts give to every command. They are the server's business (and had
 * no effect on its clients either), so that the commands which ask a server take them and do nothing with them.
 */
import { Flags } from './oclif.js';

export const REFERENCE_FLAGS = {
  'ollama-host': Flags.string({ hidden: true }),
  'data-dir': Flags.string({ hidden: true }),
  'config-dir': Flags.string({ hidden: true }),
  verbose: Flags.boolean({ char: 'v', hidden: true }),
};
