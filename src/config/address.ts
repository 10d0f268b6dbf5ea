/** Listen addresses as Go writes them: `:8081` (every interface), `127.0.0.1:8081`, `[::1]:8081`. */

export interface Address {
  /** Without brackets; undefined means every interface. */
  readonly host: string | undefined;
  readonly port: number;
}

const ADDRESS = /^(?:\[([0-9a-f:.]+(?:%[^\]]+)?)\]|([^:[\]/@\s]*)):(\d{1,5})$/i;

/** Undefined where the text is no `host:port`. */
export function parseAddress(text: string): Address | undefined {
  const match = ADDRESS.exec(text);
  if (!match) return undefined;
  const port = Number(match[3]);
  if (port > 65_535) return undefined;
  return { host: match[1] || match[2] || undefined, port };
}

export function formatAddress(address: Address): string {
  const host = address.host ?? '';
  return `${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
