import { writeFileSync } from 'node:fs';
import { renderGenerated } from './generated.ts';

for (const [path, text] of await renderGenerated()) writeFileSync(path, text);
