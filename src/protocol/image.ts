/** Images as Ollama writes them (base64), for who takes them as OpenAI does (URLs). */

/** First letters of the base64 of an image file. */
const SIGNATURES: readonly (readonly [string, string])[] = [
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];

/** `image` is base64, or a URL already. */
export function imageUrl(image: string): string {
  if (/^(data|https?):/.test(image)) return image;
  const type = SIGNATURES.find(([letters]) => image.startsWith(letters))?.[1] ?? 'image/png';
  return `data:${type};base64,${image}`;
}
