// The task of Tahan's `/lab/pool` as a piscina worker of the peers.
import { labBurn } from '../../src/site/features/lab/task.ts';

const never = new AbortController().signal;

export default (input) => labBurn(input, { signal: never });
