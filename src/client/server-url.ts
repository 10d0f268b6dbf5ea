import { GollamaError } from '../base/errors.js';

export const DEFAULT_SERVER_URL = 'http://127.0.0.1:8081';

/** The base URL, without a slash at its end, of `http://host:port`, `host:port` or `:port`. Throws `usage`. */
export function parseServerUrl(text: string): string {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const written = hasScheme ? text : `http://${text.startsWith(':') ? '127.0.0.1' : ''}${text}`;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search || url.hash) {
    throw new GollamaError('usage', `"${text}" is no address of a server`, {
      hint: `write it as ${DEFAULT_SERVER_URL} or as host:port`,
    });
  }
  // Not the URL's own text: that would drop what the user wrote as a path prefix only in part.
  return `${url.protocol}//${url.username ? `${url.username}:${url.password}@` : ''}${url.host}${url.pathname}`.replace(
    /\/+$/,
    '',
  );
}
