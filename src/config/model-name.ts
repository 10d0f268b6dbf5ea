import { basename } from 'node:path';

/** What a model is called after its file. The first of several parts stands for all: `model-00001-of-00003.gguf`. */
export function modelNameOf(file: string): string {
  return basename(file).replace(/(-00001-of-\d{5})?\.gguf$/i, '') || 'model';
}
