import type { Server } from 'node:http';
import request, { type Response } from 'supertest';

/** A person's browser, as far as forms and cookies go: it keeps cookies and sends the token of the page it was on. */
export class Browser {
  readonly cookies = new Map<string, string>();
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.keep(
      await request(this.server).get(path).set('Accept', 'text/html').set(this.cookieHeader()).set(headers),
    );
  }

  /** Loads `page`, takes its token, and sends the form. */
  async submit(
    page: string,
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const token = /name="_csrf" value="([^"]+)"/.exec((await this.get(page)).text)?.[1];
    if (token === undefined) throw new Error(`${page} has no form`);
    return this.post(path, { _csrf: token, ...fields }, headers);
  }

  async post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    return this.keep(
      await request(this.server)
        .post(path)
        .type('form')
        .set('Accept', 'text/html')
        .set('Sec-Fetch-Site', 'same-origin')
        .set(this.cookieHeader())
        .set(headers)
        .send(fields),
    );
  }

  private cookieHeader(): Record<string, string> {
    if (this.cookies.size === 0) return {};
    return { Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  private keep(response: Response): Response {
    for (const line of (response.headers['set-cookie'] as unknown as string[] | undefined) ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0\b/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }
}
