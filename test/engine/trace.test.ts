import { describe, expect, test } from '@jest/globals';
import { tracedHeaders, traceOf } from '../../src/engine/trace.ts';

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${ID}-00f067aa0ba902b7-01`;

describe('a trace', () => {
  test('is read from the headers', () => {
    expect(traceOf({ traceparent: PARENT, tracestate: 'a=1' })).toEqual({
      id: ID,
      traceparent: PARENT,
      tracestate: 'a=1',
    });
    expect(traceOf({ traceparent: PARENT, tracestate: 'x'.repeat(3_000) })?.tracestate).toBeUndefined();
    expect(traceOf({ traceparent: `01-${ID}-00f067aa0ba902b7-01-what-comes-later` })?.id).toBe(ID);
  });

  test.each([
    undefined,
    '',
    ID,
    PARENT.toUpperCase(),
    `ff-${ID}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${ID}-${'0'.repeat(16)}-01`,
    `${PARENT}-more`,
    `${PARENT}, ${PARENT}`,
  ])('is none: %s', (traceparent) => expect(traceOf({ traceparent })).toBeUndefined());

  test('is passed on, unless the call has one of its own', () => {
    const trace = { id: ID, traceparent: PARENT, tracestate: 'a=1' };
    expect(Object.fromEntries(tracedHeaders({ accept: 'x' }, trace))).toEqual({
      accept: 'x',
      traceparent: PARENT,
      tracestate: 'a=1',
    });
    expect(Object.fromEntries(tracedHeaders([['traceparent', 'own']], trace))).toEqual({ traceparent: 'own' });
  });
});
