/**
 * The address of an Ollama server as `$OLLAMA_HOST` is written: `gpu-box`, `gpu-box:11434`, `:11434`, `0.0.0.0`,
 * `https://gpu-box/ollama`. Without a scheme the port is 11434, with one it is that of the scheme (envconfig.Host of
 * Ollama). An address to listen on everywhere is read as this machine, which answers there.
 */

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const PORT = '11434';
const EVERYWHERE: ReadonlyMap<string, string> = new Map([
  ['', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['[::]', '[::1]'],
]);

/** A URL without a slash at its end; undefined where the text is no such address. */
export function parseOllamaHost(text: string): string | undefined {
  // Quotes that reached the variable, as Ollama takes them off too.
  const given = text
    .trim()
    .replace(/^["']+|["']+$/g, '')
    .trim();
  const scheme = SCHEME.exec(given)?.[1]?.toLowerCase();
  if (given === '' || /\s/.test(given) || (scheme !== undefined && !/^https?$/.test(scheme))) return undefined;
  const [authority = '', ...path] = given.replace(SCHEME, '').split('/');
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(bracketed(authority)) ?? [];
  const shown = `${EVERYWHERE.get(host) ?? host}${portOf(port, scheme)}`;
  const url = [`${scheme ?? 'http'}://${shown}`, ...path].join('/').replace(/\/+$/, '');
  return URL.canParse(url) && isHost(host) ? url : undefined;
}

function portOf(port: string | undefined, scheme: string | undefined): string {
  if (port !== undefined) return `:${port}`;
  return scheme === undefined ? `:${PORT}` : '';
}

/** Ollama takes an IPv6 address without brackets where no port follows. */
function bracketed(authority: string): string {
  return /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(authority) ? `[${authority}]` : authority;
}

/** A wrong port would be left behind as a part of the host. */
function isHost(host: string): boolean {
  return host.startsWith('[') || host.includes('@') || !host.includes(':');
}
