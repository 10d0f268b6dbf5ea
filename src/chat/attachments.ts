/** Files that go along with a question: texts and images, told apart by what is in them. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { GollamaError } from '../base/errors.js';
import { unreadableFile } from '../base/unreadable-file.js';
import { estimatedTokens } from './context-meter.js';
import type { AttachedFile, AttachedImage } from './conversation.js';

export interface AttachmentPlace {
  readonly cwd: string;
  /** What `~` stands for. */
  readonly home: string;
}

interface TextAttachment {
  readonly kind: 'text';
  /** Absolute; of what comes from a file. */
  readonly path?: string;
  readonly file: AttachedFile;
  readonly sizeBytes: number;
  /** An estimate. */
  readonly tokens: number;
  /** True where `linesMax` left something out. */
  readonly isCut: boolean;
}

interface ImageAttachment {
  readonly kind: 'image';
  readonly path?: string;
  readonly image: AttachedImage;
  readonly sizeBytes: number;
}

export type Attachment = TextAttachment | ImageAttachment;

export interface ReadOptions {
  /** Take the first lines only. */
  readonly linesMax?: number | undefined;
  /** Text is refused. */
  readonly isImage?: boolean | undefined;
}

/** About a quarter as many tokens: more than any context there is. */
const TEXT_BYTES_MAX = 8 * 1024 * 1024;
const READ_BYTES = 256 * 1024;
/** As base64 it must still fit into a request of 32 MiB. */
const IMAGE_BYTES_MAX = 20 * 1024 * 1024;

/** Throws `usage` where it cannot be read, is not what is wanted or neither text nor an image that models take, or is too large. */
export async function readAttachment(
  path: string,
  place: AttachmentPlace,
  options: ReadOptions = {},
): Promise<Attachment> {
  const absolute = resolvePath(path, place);
  const bytes = await readBytes(path, absolute);
  const name = basename(path);
  const mediaType = imageTypeOf(bytes);
  if (mediaType === undefined && options.isImage === true) {
    throw new GollamaError('usage', `${path} is no image`, { hint: 'images are taken as png, jpeg, webp or gif' });
  }
  if (mediaType === undefined) return { ...textAttachment(path, name, bytes, options), path: absolute };
  if (bytes.length > IMAGE_BYTES_MAX) throw tooLarge(path, bytes.length, IMAGE_BYTES_MAX);
  const image = { name, mediaType, base64: bytes.toString('base64') };
  return { kind: 'image', path: absolute, image, sizeBytes: bytes.length };
}

/** Of a file that is there more than once, what was read last. */
export function withoutRepeats(attachments: readonly Attachment[]): readonly Attachment[] {
  const lastOf = new Map(attachments.map((one) => [one.path, one]));
  return attachments.filter((one) => one.path === undefined || lastOf.get(one.path) === one);
}

/** `png`, `jpeg`, `webp` and `gif` by their first bytes; undefined for anything else. */
export function imageTypeOf(bytes: Buffer): string | undefined {
  if (bytes.subarray(0, 8).equals(PNG)) return 'image/png';
  if (bytes.subarray(0, 3).equals(JPEG)) return 'image/jpeg';
  const letters = bytes.toString('latin1', 0, 12);
  if (/^GIF8[79]a/.test(letters)) return 'image/gif';
  return /^RIFF....WEBP$/s.test(letters) ? 'image/webp' : undefined;
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);

export interface Mention {
  /** As it stands in the text, with the `@`. */
  readonly written: string;
  readonly path: string;
}

/**
 * `@path` and `@"path with spaces"` at the beginning of a word, each once. Whether there is such a file is not looked at. What
 * ends a sentence is no part of a path: `look at @notes.md, please`.
 */
export function mentionsIn(text: string): readonly Mention[] {
  const mentions = new Map<string, Mention>();
  for (const [, quoted, plain = ''] of text.matchAll(/(?<=^|[\s([{])@(?:"([^"\n]+)"|([^\s"]+))/g)) {
    const path = quoted ?? plain.replace(/[.,;:!?)\]}]+$/, '');
    const written = quoted === undefined ? `@${path}` : `@"${quoted}"`;
    if (path !== '' && !mentions.has(path)) mentions.set(path, { written, path });
  }
  return [...mentions.values()];
}

export function resolvePath(path: string, { cwd, home }: AttachmentPlace): string {
  if (path === '~') return home;
  return path.startsWith('~/') ? join(home, path.slice(2)) : resolve(cwd, path);
}

/** Devices and pipes are not read: they have no end. */
async function readBytes(path: string, absolute: string): Promise<Buffer> {
  const file = await open(absolute, constants.O_RDONLY | constants.O_NONBLOCK).catch((thrown: unknown) => {
    throw unreadableFile(path, thrown);
  });
  try {
    const facts = await file.stat();
    if (facts.isDirectory()) throw unreadableFile(path, new Error('it is a folder'));
    if (!facts.isFile()) throw unreadableFile(path, new Error('it is no regular file'));
    const limitBytes = Math.max(TEXT_BYTES_MAX, IMAGE_BYTES_MAX);
    if (facts.size > limitBytes) throw tooLarge(path, facts.size, limitBytes);
    return await readAtMost(file, limitBytes, path);
  } finally {
    await file.close();
  }
}

/** A file may grow while it is read, and those of the system do not tell how long they are. */
async function readAtMost(file: FileHandle, limitBytes: number, path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for (;;) {
    const part = Buffer.allocUnsafe(READ_BYTES);
    const { bytesRead } = await file.read(part, 0, part.length).catch((thrown: unknown) => {
      throw unreadableFile(path, thrown);
    });
    if (bytesRead === 0) return Buffer.concat(parts);
    sizeBytes += bytesRead;
    if (sizeBytes > limitBytes) throw tooLarge(path, sizeBytes, limitBytes);
    parts.push(part.subarray(0, bytesRead));
  }
}

function textAttachment(path: string, name: string, bytes: Buffer, { linesMax }: ReadOptions): TextAttachment {
  if (bytes.length > TEXT_BYTES_MAX) throw tooLarge(path, bytes.length, TEXT_BYTES_MAX);
  const whole = decoded(bytes);
  if (whole === undefined) {
    throw new GollamaError('usage', `${path} is neither text nor an image that models take`, {
      hint: 'text in UTF-8 or UTF-16; images as png, jpeg, webp or gif',
    });
  }
  const text = linesMax === undefined ? whole : firstLines(whole, linesMax);
  return {
    kind: 'text',
    file: { name, text },
    sizeBytes: Buffer.byteLength(text),
    tokens: estimatedTokens(text),
    isCut: text.length < whole.length,
  };
}

/** UTF-8, or UTF-16 where its mark says so; undefined where it is no text. */
function decoded(bytes: Buffer): string | undefined {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0;
  const encoding = mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : 'utf-8';
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function firstLines(text: string, linesMax: number): string {
  let end = 0;
  for (let lines = 0; lines < linesMax; lines++) {
    const next = text.indexOf('\n', end);
    if (next < 0) return text;
    end = next + 1;
  }
  return text.slice(0, end);
}

function tooLarge(path: string, sizeBytes: number, limitBytes: number): GollamaError {
  const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  return new GollamaError('usage', `${path} is too large: ${megabytes(sizeBytes)}, at most ${megabytes(limitBytes)}`);
}
