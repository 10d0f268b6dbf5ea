/**
 * Keeps where things are from those who are to be told only what went wrong: addresses of other servers, and files of this
 * machine. Texts come from anywhere (engines, other gateways, the system), so this goes by what such places look like, and
 * rather hides a word too many. Names stay: those of models and engines, and the paths of APIs.
 */

const ADDRESS = '[address]';
const PATH = '[path]';

/** Ends a word; what may stand in a path is anything else. */
const END = `\\s"'\`<>|,;:()\\[\\]{}`;

/** In this order: an address may have a path in it. */
const RULES: readonly (readonly [pattern: RegExp, place: string | ((...found: string[]) => string)])[] = [
  [/\b[a-z][a-z\d+.-]{1,20}:\/\/[^\s"'`<>]*[^\s"'`<>.,;:!?)\]}]/gi, ADDRESS],
  // In quotes it may have spaces.
  [
    /(["'`])(?:~|[a-z]:)?(?:[\\/](?!\1))[^\n"'`]{1,4096}\1/gi,
    (all, quote) => (isApi(all.slice(1)) ? all : quote + PATH + quote),
  ],
  [/\[[\da-f:.]{2,45}(?:%\w{1,20})?\](?::\d{1,5})?/gi, (all) => (/::|(?:.+:){7}/.test(all) ? ADDRESS : all)],
  [/(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?![\w.]*\w)/g, ADDRESS],
  [/(?<![\w:.])(?:[\da-f]{0,4}:){2,7}[\da-f]{0,4}(?:%\w+)?(?![\w:])/gi, (all) => (isIpv6(all) ? ADDRESS : all)],
  [/\b(getaddrinfo\s+\w+\s+)[^\s,;)]+/g, (_all, words) => words + ADDRESS],
  [/(?<![\w.@/-])(?:localhost|(?:[\w-]{1,63}\.){1,10}[a-z][\w-]{0,62}):\d{2,5}(?![\w-])/gi, ADDRESS],
  [/(?<![\w.@/-])[a-z][\w-]{0,62}:\d{4,5}(?![\w-])/gi, ADDRESS],
  [
    /(?<![\w.@/-])(?:[\w-]{1,63}\.){1,10}(?:local|lan|internal|intranet|corp|localdomain|home\.arpa)(?![\w-])/gi,
    ADDRESS,
  ],
  [/(?<!\w)(?:[a-z]:\\|\\\\[\w.$-]+\\)[^\s"'`<>|,;:()]*/gi, PATH],
  // A folder with a space in its name is seen by the slash that comes again.
  [
    new RegExp(`(?<![\\w./\\]])(?:~|\\.{1,2})?/[^${END}]+(?: [^${END}/]+/[^${END}]+)*`, 'g'),
    (all) => (isFile(all) ? PATH : all),
  ],
];

/** `text` with `[address]` and `[path]` in place of what says where something is. */
export function withoutPlaces(text: string): string {
  return RULES.reduce((told, [pattern, place]) => told.replace(pattern, place as string), text);
}

/** `/v1/…`, `/api/…`: known to everybody. */
function isApi(path: string): boolean {
  return /^\/(v\d|api)\//.test(path);
}

/** A single word behind a slash is rather a path of an API: `/health`, `/slots`. */
function isFile(path: string): boolean {
  return !isApi(path) && !/^\/[^/.]+[.!?]?$/.test(path);
}

function isIpv6(text: string): boolean {
  return /[\da-f]/i.test(text) && (text.includes('::') || text.split(':').length === 8);
}
