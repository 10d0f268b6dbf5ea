import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { checkModelFile, locateLlamaServer } from '../../../src/engine/supervisor/locate.js';

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'gollama-locate-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function program(path: string, mode = 0o755): string {
  const full = join(cwd, path);
  mkdirSync(join(full, '..'), { recursive: true });
  writeFileSync(full, '#!/bin/sh\n');
  chmodSync(full, mode);
  return full;
}

function refusal(run: () => unknown): GollamaError {
  try {
    run();
  } catch (error) {
    if (error instanceof GollamaError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('locateLlamaServer', () => {
  it('takes the configured path before all others, relative to the working directory', () => {
    const wanted = program('mine/server');
    program('bin/llama-server');
    expect(locateLlamaServer({ bin: './mine/server', llamaServerEnv: '/nowhere', searchPath: '', cwd })).toBe(wanted);
  });

  it('takes $GOLLAMA_LLAMA_SERVER, then PATH, then ./bin/llama-server', () => {
    const named = program('named');
    const onPath = program('path/llama-server');
    const local = program('bin/llama-server');
    const searchPath = ['', 'relative', join(cwd, 'empty'), join(cwd, 'path')].join(delimiter);
    expect(locateLlamaServer({ llamaServerEnv: named, searchPath, cwd })).toBe(named);
    expect(locateLlamaServer({ searchPath, cwd })).toBe(onPath);
    expect(locateLlamaServer({ searchPath: '', cwd })).toBe(local);
  });

  it('looks for a bare name on PATH', () => {
    const found = program('path/my-server');
    expect(locateLlamaServer({ bin: 'my-server', searchPath: join(cwd, 'path'), cwd })).toBe(found);
  });

  it('never replaces a configured path that is missing by another find', () => {
    program('bin/llama-server');
    const error = refusal(() => locateLlamaServer({ bin: './gone', searchPath: '', cwd }));
    expect(error.code).toBe('configuration');
    expect(error.message).toBe(`${join(cwd, 'gone')} (engine bin) does not exist`);
  });

  it('says where it looked, and what to try', () => {
    const error = refusal(() => locateLlamaServer({ searchPath: '/usr/nothing', cwd }));
    expect(error.message).toContain('PATH (/usr/nothing)');
    expect(error.message).toContain(join(cwd, 'bin/llama-server'));
    expect(error.hint).toContain('gollama serve --llama-server PATH');
  });

  it('tells a file that is not executable from a folder', () => {
    const plain = program('plain', 0o644);
    expect(refusal(() => locateLlamaServer({ bin: plain, cwd })).hint).toBe(`chmod +x ${plain}`);
    expect(refusal(() => locateLlamaServer({ bin: cwd, cwd })).message).toContain('is a folder');
  });
});

describe('checkModelFile', () => {
  it('accepts a file', () => {
    writeFileSync(join(cwd, 'a.gguf'), '');
    expect(() => checkModelFile('a.gguf', cwd)).not.toThrow();
  });

  it('names the models of the folder where the file is missing', () => {
    writeFileSync(join(cwd, 'a.gguf'), '');
    writeFileSync(join(cwd, 'notes.txt'), '');
    const error = refusal(() => checkModelFile('b.gguf', cwd));
    expect(error.message).toBe(`the model file ${join(cwd, 'b.gguf')} does not exist`);
    expect(error.hint).toBe('that folder has a.gguf');
  });

  it('refuses a folder', () => {
    expect(refusal(() => checkModelFile('.', cwd)).message).toContain('is a folder');
  });
});
