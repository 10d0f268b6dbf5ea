import { describe, expect, it } from 'vitest';
import { messageId, sign, signingKey } from '../../../src/tasks/webhook/signature.js';

describe('the signature of a webhook', () => {
  it('is the one that receivers of Standard Webhooks compute', () => {
    // The example that the verification libraries are tested with.
    const key = signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const signature = sign(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}');
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('needs a secret in the form of the standard, and does not repeat another', () => {
    for (const secret of ['hunter2', 'whsec_', 'whsec_not base64']) {
      expect(() => signingKey(secret)).toThrow('webhooks.secret is not written as whsec_ and base64');
    }
  });

  it('names a task by its id, whatever a client put into it', () => {
    expect(messageId('a1-0123456789ab', 36)).toBe('msg_a1-0123456789ab_10');
    expect(messageId('one.2%', 0)).toBe('msg_one%2e2%25_0');
    expect(messageId('é\u{1f600}', 0)).toBe('msg_%c3%a9%f0%9f%98%80_0');
    expect(messageId('\ud800', 0)).toBe('msg_%ef%bf%bd_0');
  });
});
