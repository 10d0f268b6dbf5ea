/** A reader of XML for tests: throws where a document is not well-formed. No comments, CDATA or namespaces. */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

/** Every element, the outermost first, in the order of the document. */
export function elements(document: string): readonly XmlElement[] {
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u.test(document))
    throw new Error('a sign that XML forbids');
  const body = document.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  if (body === document) throw new Error('no XML declaration');
  const found: XmlElement[] = [];
  const open: XmlElement[] = [];
  for (const [token] of body.matchAll(/<[^>]*>|[^<]+/g)) {
    const parent = open.at(-1);
    if (!token.startsWith('<')) {
      if (parent) parent.text += decoded(token);
      else if (token.trim()) throw new Error(`text outside: ${token}`);
    } else if (token.startsWith('</')) {
      const closed = open.pop();
      if (closed?.name !== token.slice(2, -1)) throw new Error(`${token} closes ${closed?.name}`);
    } else {
      const element = opened(token);
      parent?.children.push(element);
      found.push(element);
      if (!token.endsWith('/>')) open.push(element);
    }
  }
  if (open.length > 0) throw new Error(`${open.at(-1)?.name} is not closed`);
  if (found.length === 0) throw new Error('no element');
  return found;
}

function opened(token: string): XmlElement {
  const [, name = '', rest = ''] = /^<([\w.-]+)((?: [\w.-]+="[^"<]*")*)\s*\/?>$/.exec(token) ?? [];
  if (!name) throw new Error(`not an element: ${token}`);
  const pairs = [...rest.matchAll(/ ([\w.-]+)="([^"]*)"/g)].map(
    ([, key = '', value = '']) => [key, decoded(value)] as const,
  );
  if (new Set(pairs.map(([key]) => key)).size !== pairs.length) throw new Error(`an attribute twice: ${token}`);
  return { name, attributes: Object.fromEntries(pairs), children: [], text: '' };
}

function decoded(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  if (/&(?!(amp|lt|gt|quot|#\d+);)/.test(text)) throw new Error(`not an entity: ${text}`);
  return text.replace(/&(\w+|#\d+);/g, (_all, name: string) => {
    return name.startsWith('#') ? String.fromCodePoint(Number(name.slice(1))) : (named[name] ?? '');
  });
}
