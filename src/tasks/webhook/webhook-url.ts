/** What can be said of a webhook's URL without asking the network. */
import { isIP } from 'node:net';
import { AllowedHosts, bareName } from './allowed-hosts.js';

const LENGTH_MAX = 2048;

/**
 * Why `url` cannot be a webhook, as the rest of a sentence; undefined where it can. A name is looked up only when something
 * is sent to it: where it stands for no address that may be called, nothing is sent.
 */
export function checkWebhookUrl(url: string, allowHosts: readonly string[]): string | undefined {
  return urlProblem(url, new AllowedHosts(allowHosts));
}

/** As `checkWebhookUrl`. */
export function urlProblem(url: string, allowed: AllowedHosts): string | undefined {
  if (url.length > LENGTH_MAX) return `is longer than ${LENGTH_MAX} characters`;
  if (!URL.canParse(url)) return 'is not a URL';
  const { protocol, username, password, hostname } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return 'is neither http nor https';
  if (username !== '' || password !== '') return 'holds a user name or a password';
  if (allowed.hasName(hostname)) return undefined;
  // Parsing has turned every spelling of an address (127.1, 0x7f000001, [::FFFF:7f00:1]) into the usual one.
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) !== 0) return allowed.hasAddress(address) ? undefined : notAllowed(address);
  return isLocalName(hostname) && !allowed.hasAddress('127.0.0.1') ? notAllowed(hostname) : undefined;
}

/** RFC 6761: these names never leave the machine. */
function isLocalName(hostname: string): boolean {
  return /(^|\.)localhost$/.test(bareName(hostname));
}

function notAllowed(host: string): string {
  return `points to ${host}, which is not on the public internet and not among webhooks.allow_hosts`;
}
