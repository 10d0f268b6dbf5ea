import { describe, expect, it } from 'vitest';
import { type BenchFlags, runSettings } from '../../bench/settings.js';

describe('the settings of a run', () => {
  it('are a closed loop of 20 requests, 4 at once, where nothing is said', () => {
    expect(runSettings({})).toMatchObject({
      load: { kind: 'closed', concurrency: 4, rampMs: 0 },
      stop: { kind: 'requests', requests: 20 },
      request: { maxTokens: 128, temperature: 0.2, totalTimeoutMs: 600_000 },
      endpoint: 'chat',
      stream: true,
      warmupRequests: 4,
    });
  });

  it('are those of the profile, but for what is said beside it', () => {
    const { load, stop, request } = runSettings({ profile: 'stress', requests: 7 });
    expect({ load, stop, maxTokens: request.maxTokens }).toEqual({
      load: { kind: 'closed', concurrency: 16, rampMs: 0 },
      stop: { kind: 'requests', requests: 7 },
      maxTokens: 128,
    });
  });

  it('are an open loop where a rate is said, Poisson unless burstiness asks for gamma', () => {
    expect(runSettings({ rate: '2.5', duration: '1m30s' })).toMatchObject({
      load: { kind: 'open', rate: 2.5, arrival: 'poisson', inFlightMax: 256 },
      stop: { kind: 'duration', durationMs: 90_000 },
    });
    expect(runSettings({ rate: '1', burstiness: '0.5' }).load).toMatchObject({ arrival: 'gamma', burstiness: 0.5 });
  });

  it('have no stream for embeddings', () => {
    expect(runSettings({ endpoint: 'embeddings' }).stream).toBe(false);
  });

  it('take headers in any case, and labels of any name', () => {
    const { headers, labels } = runSettings({ header: ['X-Key: a:b'], label: ['__proto__=x', 'k=v=w'] });
    expect(headers).toEqual({ 'x-key': 'a:b' });
    expect(Object.entries(labels)).toEqual([
      ['__proto__', 'x'],
      ['k', 'v=w'],
    ]);
  });

  it.each<[BenchFlags, string]>([
    [{ requests: 1, duration: '1s' }, '--requests and --duration'],
    [{ rate: '1', concurrency: 2 }, '--rate and --concurrency'],
    [{ arrival: 'poisson' }, '--arrival needs --rate'],
    [{ 'max-in-flight': 3 }, '--max-in-flight needs --rate'],
    [{ rate: '0' }, '--rate 0'],
    [{ rate: 'Infinity' }, '--rate Infinity'],
    [{ duration: '0' }, '--duration 0'],
    [{ duration: '5 minutes' }, '--duration 5 minutes'],
    [{ timeout: '0s' }, '--timeout 0s'],
    [{ temperature: 'hot' }, '--temperature hot'],
    [{ 'extra-body': '[1]' }, '--extra-body [1]'],
    [{ header: ['no colon'] }, '--header no colon'],
    [{ header: ['a b: c'] }, 'no header of HTTP'],
    [{ header: ['x: a\r\nevil: b'] }, 'no header of HTTP'],
    [{ header: ['Content-Length: 3'] }, 'cannot be set'],
    [{ 'max-error-rate': 'all' }, '--max-error-rate all'],
  ])('refuse %j', (flags, message) => {
    expect(() => runSettings(flags)).toThrow(message);
  });
});
