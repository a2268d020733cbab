import { Agent, request as httpRequest } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';
import { expect } from 'vitest';

/** One request: what it is, and what its answer is noted as. */
export interface Question {
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  /** What a right answer's status is. */
  readonly status: number;
}

/** How often each status came: `200`, or `503 for 200` where another was right; a connection that broke is `broken for 200`. */
export type Answers = ReadonlyMap<string, number>;

export interface Load {
  readonly questions: readonly Question[];
  /** Who ask one question after another, each on a connection that is kept. */
  readonly clients: number;
  /** Told how many were asked. */
  readonly goesOn: (asked: number) => boolean;
}

/** Asks the questions in turn for as long as the load goes on. */
export async function askMany(baseUrl: string, { questions, clients, goesOn }: Load): Promise<Answers> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const answers = new Map<string, number>();
  let asked = 0;
  const client = async (): Promise<void> => {
    while (goesOn(asked)) {
      const question = questions[asked % questions.length];
      asked += 1;
      if (question === undefined) throw new Error('nothing is asked');
      const status = await ask(agent, baseUrl, question).catch(() => 'broken');
      const noted = status === question.status ? `${status}` : `${status} for ${question.status}`;
      answers.set(noted, (answers.get(noted) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return new Map([...answers].sort(([one], [other]) => one.localeCompare(other)));
}

function ask(agent: Agent, baseUrl: string, { path, headers }: Question): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const { hostname, port } = new URL(baseUrl);
  const request = httpRequest({ hostname, port, path, agent, headers }, (response) => {
    response.resume().once('end', () => resolve(response.statusCode ?? 0));
  });
  request.once('error', reject);
  request.end();
  return promise;
}

/** The recipe, but for how long Envoy waits for a check: clients, Envoy and servers share a busy machine, and its patience is not what is tried. */
export function withPatience(recipe: string): string {
  const patient = recipe
    .replace('timeout: 0.5s', 'timeout: 20s')
    .replace('max_interval: 0.2s', 'max_interval: 10s');
  expect(patient).not.toBe(recipe);
  return patient;
}
