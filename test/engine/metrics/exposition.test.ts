import { expect, test } from '@jest/globals';
import { wantsOpenMetrics } from '../../../src/engine/metrics/exposition.ts';

test.each([
  [undefined, false],
  ['*/*', false],
  ['text/plain', false],
  ['application/openmetrics-text', true],
  ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1', true],
  ['application/openmetrics-text; version=1.0.0; q=0.2, text/plain; q=0.6', false],
  ['application/openmetrics-text;q=0', false],
])('Accept: %s', (accept, wanted) => expect(wantsOpenMetrics(accept)).toBe(wanted));
