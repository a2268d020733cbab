import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** Of the requests that one packet brings each waits for the answer to the one before: begun together, they would hold this thread and its memory for as long as there are. */
export function inTurn(answer: RequestListener): RequestListener {
  const lastOf = new WeakMap<IncomingMessage['socket'], ServerResponse>();
  return (request, response) => {
    const { socket } = request;
    const last = lastOf.get(socket);
    lastOf.set(socket, response);
    if (last === undefined || last.closed) return answer(request, response);
    last.once('close', () => {
      if (!socket.destroyed) answer(request, response);
    });
  };
}
