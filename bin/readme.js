// Writes into both READMEs what the commands print, as a person sees it at a terminal. `--check` writes nothing: it tells
// which blocks are out of date, and ends with 1 where one is.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { outdatedBlocks, READMES, withBlocks, withKept } from './readme/blocks.ts';
import { makeBlocks } from './readme/scenes.ts';

const isCheck = process.argv.includes('--check');
const documents = READMES.map((name) => {
  const path = fileURLToPath(new URL(`../${name}`, import.meta.url));
  return { name, path, text: readFileSync(path, 'utf8') };
});
const made = withKept(documents[0].text, await makeBlocks((name) => console.error(`  ${name}`)));
const old = documents.flatMap(({ name, text }) => outdatedBlocks(text, made).map((block) => `${name}: ${block}`));
for (const place of old) console.log(`${place} ${isCheck ? 'is out of date' : 'is made anew'}`);
if (isCheck && old.length > 0) {
  console.log('mend it: npm run readme');
  process.exitCode = 1;
}
if (!isCheck) for (const { path, text } of documents) writeFileSync(path, withBlocks(text, made));
