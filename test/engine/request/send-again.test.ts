import { afterEach, describe, expect, test } from '@jest/globals';
import { MAX_FORM_BYTES } from '../../../src/engine/request/answer/send-again.ts';
import { closeGate, startWorker, type TestWorker } from './fixtures/worker.ts';

let worker: TestWorker;
afterEach(() => worker.close());

const FORM = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' };
const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${worker.port}/form?a=1`, { method: 'POST', body, headers: { ...FORM, ...headers } });

describe('a form that finds no room', () => {
  test('gets a page that holds it and sends it again, with a key so that it is done once', async () => {
    let got = '';
    worker = await startWorker({
      site: {
        async handler(request, response) {
          for await (const part of request) got += String(part);
          response.end('taken');
        },
      },
    });
    const open = await closeGate(worker);
    const refused = await post('text=%3Cb%3E+%22hello%22&tags=a&tags=b');
    const html = await refused.text();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '3']);
    expect(html).toContain('<input type="hidden" name="text" value="&#60;b&#62; &#34;hello&#34;">');
    expect(html.match(/name="tags"/g)).toHaveLength(2);
    expect(html).toMatch(/name="_idempotency_key" value="[0-9a-f]{32}"/);
    expect(html).toContain('<form method="post" action="">');
    expect(got).toBe('');
    open();
    expect(await (await post('text=again')).text()).toBe('taken');
    expect(got).toBe('text=again');
  });

  test.each([
    ['with a password', 'name=a&password=b', {}],
    ['that is large', `text=${'x'.repeat(MAX_FORM_BYTES)}`, {}],
    ['with very many fields', 'a=&'.repeat(65), {}],
    ['of a page elsewhere', 'text=hello', { origin: 'https://other.example' }],
    ['of a page of a sister site', 'text=hello', { 'sec-fetch-site': 'same-site' }],
    ['of the script, which sends it again itself', 'a=1', { 'tahan-client': '1' }],
  ])('%s gets the usual page', async (_name, body, headers) => {
    worker = await startWorker({ site: { handler: (_request, response) => void response.end() } });
    await closeGate(worker);
    const refused = await post(body, headers as Record<string, string>);
    expect(refused.status).toBe(503);
    expect(await refused.text()).not.toContain('<form');
  });

  test('gets JSON where it asks for it', async () => {
    worker = await startWorker({ site: { handler: (_request, response) => void response.end() } });
    await closeGate(worker);
    expect((await post('a=1', { accept: 'application/json' })).headers.get('content-type')).toContain('json');
  });
});
