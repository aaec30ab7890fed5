// A receiver that answers 200 and counts, as cheaply as Node.js can: it is the same for both sides.
import { createServer } from 'node:net';

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
let received = 0;

/** How many whole requests `text` begins with, and where the rest begins. */
function requestsIn(text) {
  let from = 0;
  let count = 0;
  for (;;) {
    const end = text.indexOf('\r\n\r\n', from);
    if (end < 0) return [count, from];
    const length = /content-length: (\d+)/i.exec(text.slice(from, end));
    const next = end + 4 + Number(length?.[1] ?? 0);
    if (next > text.length) return [count, from];
    from = next;
    count += 1;
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  let waiting = '';
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    waiting += chunk;
    const [count, from] = requestsIn(waiting);
    waiting = waiting.slice(from);
    received += count;
    if (count > 0) socket.write(answer.repeat(count));
  });
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => process.send({ received }));
process.on('disconnect', () => process.exit(0));
