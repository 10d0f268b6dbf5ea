/**
 * Scripts as files, YAML or JSON:
 *
 *     answers:
 *       - status: 200                                  # default 200
 *         headers: { content-type: text/event-stream } # the default
 *         steps:                                       # [delay in ms, bytes], one write each
 *           - [0, "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n"]
 *           - [50, { base64: "ZGF0YTogW0RPTkVdCgo=" }]
 *         ending: complete                             # or cut: the connection breaks; or held: it stays open
 */
import { parse } from 'yaml';
import * as z from 'zod';
import { GollamaError, messageOf } from '../../src/base/errors.js';
import { EVENT_STREAM, type Script } from './script.js';

/** Node's longest timer. */
const DELAY_MS_MAX = 2 ** 31 - 1;

const bytesSchema = z.union([
  z.string().transform((text) => Buffer.from(text)),
  z.strictObject({ base64: z.base64() }).transform(({ base64 }) => Buffer.from(base64, 'base64')),
]);

const scriptSchema = z.strictObject({
  answers: z
    .array(
      z.strictObject({
        status: z.int().min(200).max(599).default(200),
        headers: z.record(z.string().regex(/^[\w-]+$/), z.string().regex(/^[^\r\n]*$/)).default(EVENT_STREAM),
        steps: z.array(z.tuple([z.number().min(0).max(DELAY_MS_MAX), bytesSchema])),
        ending: z.enum(['complete', 'cut', 'held']).default('complete'),
      }),
    )
    .min(1),
});

/** Throws GollamaError `usage`; `source` is how the message names the text. */
export function parseScript(text: string, source: string): Script {
  try {
    const { answers } = scriptSchema.parse(parse(text));
    return answers.map(({ steps, ...answer }) => ({
      ...answer,
      steps: steps.map(([delayMs, bytes]) => ({ delayMs, bytes })),
    }));
  } catch (thrown) {
    const message = thrown instanceof z.ZodError ? z.prettifyError(thrown) : messageOf(thrown);
    throw new GollamaError('usage', `${source} is no script: ${message}`, {
      hint: 'gollama bench mock --help shows one',
      cause: thrown,
    });
  }
}
