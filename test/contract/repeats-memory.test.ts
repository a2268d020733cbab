import { createRepeats } from '../../src/edge/repeats/memory.ts';
import { describeRepeats } from './repeats.ts';

describeRepeats('memory', () => createRepeats());
describeRepeats('memory of two records', () => createRepeats({ recordsMax: 2 }));
