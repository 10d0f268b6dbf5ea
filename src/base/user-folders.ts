/** Where a user keeps what programs know, by the XDG Base Directory Specification, which ignores a variable that is no absolute path. */
import { isAbsolute, join } from 'node:path';

/** Settings. `configHome`: what $XDG_CONFIG_HOME says; `home`: the user's home folder. */
export function configFolder(configHome: string | undefined, home: string): string {
  return folder(configHome, join(home, '.config'));
}

/** What outlives a program and is no setting. `stateHome`: what $XDG_STATE_HOME says. */
export function stateFolder(stateHome: string | undefined, home: string): string {
  return folder(stateHome, join(home, '.local', 'state'));
}

function folder(wanted: string | undefined, usual: string): string {
  return join(wanted !== undefined && isAbsolute(wanted) ? wanted : usual, 'gollama');
}
