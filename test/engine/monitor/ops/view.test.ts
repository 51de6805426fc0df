import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { MAX_PANELS, type ViewChoices, ViewFile } from '../../../../src/engine/monitor/ops/view-choices.ts';
import { type Fixture, fixture, TOKEN } from './fixture.ts';

const CHOSEN: ViewChoices = { spanMs: 3_600_000, compareMs: 86_400_000, hidden: ['traffic'], theme: 'dark' };

describe('what an operator chose to see', () => {
  let made: Fixture | undefined;
  afterEach(() => made?.close());

  test('is kept for the next look', async () => {
    made = fixture();
    await supertest(made.server).post('/ops/api/view').send(CHOSEN).expect(200);
    expect((await supertest(made.server).get('/ops/api/now').expect(200)).body.view).toEqual(CHOSEN);
  });

  test('is refused where it is something else, or comes from a page elsewhere', async () => {
    made = fixture();
    const hidden = Array.from({ length: MAX_PANELS + 1 }, () => 'traffic');
    for (const wrong of [{ hidden }, { theme: 'pink' }, { spanMs: 1 }, { hidden: ['<b>'] }, { more: 1 }])
      await supertest(made.server)
        .post('/ops/api/view')
        .send({ ...CHOSEN, ...wrong })
        .expect(400);
    await supertest(made.server).post('/ops/api/view').set('sec-fetch-site', 'cross-site').send(CHOSEN).expect(403);
    expect((await supertest(made.server).get('/ops/api/now')).body.view.theme).toBe('auto');
  });

  test('off loopback, only of one who may look', async () => {
    made = fixture({ openReading: false });
    await supertest(made.server).post('/ops/api/view').send(CHOSEN).expect(401);
    await supertest(made.server).post('/ops/api/view').set('authorization', `Bearer ${TOKEN}`).send(CHOSEN).expect(200);
  });

  test('is a file that outlives the monitor; one that cannot be read is the standard', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tahan-view-'));
    try {
      const standard = new ViewFile(folder).read();
      new ViewFile(folder).write(CHOSEN);
      expect(new ViewFile(folder).read()).toEqual(CHOSEN);
      writeFileSync(join(folder, 'ops-view.json'), '{"theme":"pink"}');
      expect(new ViewFile(folder).read()).toEqual(standard);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
