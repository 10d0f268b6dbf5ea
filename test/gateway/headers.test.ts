import { describe, expect, it } from 'vitest';
import { forwardedHeaders, returnedHeaders } from '../../src/gateway/headers.js';

const HOP_BY_HOP = {
  connection: 'keep-alive',
  'keep-alive': 'timeout=5',
  'proxy-authenticate': 'Basic',
  'proxy-authorization': 'Basic x',
  'proxy-connection': 'keep-alive',
  te: 'trailers',
  trailer: 'x-sum',
  'transfer-encoding': 'chunked',
  upgrade: 'websocket',
};

describe('the header fields of a request', () => {
  it('pass, but for those that belong to the connection or to the gateway', () => {
    const gateway = {
      host: 'here',
      'content-length': '3',
      expect: '100-continue',
      'accept-encoding': 'gzip',
      'x-conversation-id': 'c',
      'x-gollama-priority': 'high',
      origin: 'https://app.example',
    };
    const passing = { 'content-type': 'application/json', 'x-custom': 'é', 'set-cookie': ['a', 'b'], cookie: 'c=d' };
    expect(forwardedHeaders({ ...HOP_BY_HOP, ...gateway, ...passing }, false)).toEqual(passing);
  });

  it('do not pass where `Connection` names them', () => {
    const headers = { connection: 'close, X-Secret ,x-other', 'x-secret': '1', 'x-other': '2', 'x-third': '3' };
    expect(forwardedHeaders(headers, false)).toEqual({ 'x-third': '3' });
  });

  it('take the credentials along only where the gateway has no keys of its own', () => {
    const headers = { authorization: 'Bearer a', 'x-api-key': 'b', 'api-key': 'c', 'x-trace': 'd' };
    expect(forwardedHeaders(headers, false)).toEqual(headers);
    expect(forwardedHeaders(headers, true)).toEqual({ 'x-trace': 'd' });
  });
});

describe('the header fields of an answer', () => {
  it('pass, but for those that belong to the connection or that the gateway sets itself', () => {
    const engine = {
      'access-control-allow-origin': '*',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '60',
      'x-request-id': 'theirs',
      'x-gollama-engine': 'theirs',
    };
    const passing = {
      'content-type': 'text/plain',
      'content-length': '3',
      'set-cookie': ['a', 'b'],
      'retry-after': '1',
    };
    expect(returnedHeaders({ ...HOP_BY_HOP, ...engine, ...passing })).toEqual(passing);
  });

  it('do not pass where `Connection` names them, also in several fields', () => {
    expect(returnedHeaders({ connection: ['close', 'x-a'], 'x-a': '1', 'x-b': '2' })).toEqual({ 'x-b': '2' });
  });
});
