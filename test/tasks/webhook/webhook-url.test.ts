import { describe, expect, it } from 'vitest';
import { checkWebhookUrl } from '../../../src/tasks/webhook/webhook-url.js';

describe('the URL of a webhook', () => {
  it.each([
    'https://example.org/hook?x=1',
    'http://example.org:8080',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]/x',
  ])('may be %s', (url) => {
    expect(checkWebhookUrl(url, [])).toBeUndefined();
  });

  it.each([
    ['hook', 'is not a URL'],
    ['/hook', 'is not a URL'],
    ['ftp://example.org/', 'is neither http nor https'],
    ['file:///etc/passwd', 'is neither http nor https'],
    ['https://me:secret@example.org/', 'holds a user name or a password'],
    ['https://me@example.org/', 'holds a user name or a password'],
    [`https://example.org/${'x'.repeat(2048)}`, 'is longer than 2048 characters'],
  ])('cannot be %s', (url, problem) => {
    expect(checkWebhookUrl(url, [])).toBe(problem);
  });

  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://localhost:8081/',
    'http://LOCALHOST./',
    'http://admin.localhost/',
  ])('does not lead back into this network: %s', (url) => {
    expect(checkWebhookUrl(url, [])).toContain('not on the public internet');
  });

  it('may lead to what is listed', () => {
    expect(checkWebhookUrl('http://127.0.0.1:1/', ['127.0.0.1/32'])).toBeUndefined();
    expect(checkWebhookUrl('http://localhost:1/', ['127.0.0.1/32'])).toBeUndefined();
    expect(checkWebhookUrl('http://localhost:1/', ['localhost'])).toBeUndefined();
    expect(checkWebhookUrl('http://127.0.0.1:1/', ['localhost'])).toBeDefined();
  });
});
