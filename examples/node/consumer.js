// Hears Vedette's events: node consumer.js [--replay SECONDS] [PATTERN...]
//
//   AMQP_URL=amqp://acme:password@broker.example/ NAME=acme node consumer.js 'incident.*'
//
// Without --replay it listens on a queue of its own, `integrator.<NAME>.events`, which keeps what
// happens while this program is away. With it, it begins in the stream of all events, that many
// seconds ago. It prints each event as a line of JSON: put your own work in `handle`.

import process from 'node:process';
import amqplib from 'amqplib';

const PREFETCH = 50;
const LONGEST_PAUSE_MS = 30_000;
const MOST_REMEMBERED = 10_000;
const seen = new Set();

async function handle(event) {
  // An event may come twice, with the same id. Where doing your work twice would matter over a
  // restart of this program too, keep the id together with what you do, under a unique key.
  if (seen.has(event.id)) return;
  process.stdout.write(`${JSON.stringify(event)}\n`);
  seen.add(event.id);
  if (seen.size > MOST_REMEMBERED) seen.delete(seen.values().next().value);
}

function options(words) {
  const at = words.indexOf('--replay');
  const replay = at < 0 ? null : Number(words.splice(at, 2)[1]);
  if (Number.isNaN(replay)) throw new Error('--replay takes a number of seconds');
  const { AMQP_URL: url, NAME: name } = process.env;
  if (!url || !name) throw new Error('set AMQP_URL and NAME');
  return { url, name, replay, patterns: words.length ? words : ['#'] };
}

// Whether a pattern takes an event: `*` is one word, `#` any number of them.
function takes(pattern, name) {
  const words = pattern.replace(/\./g, '\\.').replace(/\*/g, '[^.]+');
  const whole = words.replace(/\\\.#/g, '(\\..+)?').replace(/#/g, '.*');
  return new RegExp(`^${whole}$`).test(name);
}

async function source(channel, { name, replay, patterns }) {
  if (replay !== null) {
    // A stream holds all events; those that aren't asked for are passed over in `deliver`.
    return ['vedette.events.stream', { arguments: { 'x-stream-offset': `${replay}s` } }];
  }
  const queue = `integrator.${name}.events`;
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  for (const pattern of patterns) await channel.bindQueue(queue, 'vedette.events', pattern);
  return [queue, {}];
}

// Resolves when the connection is lost.
async function listen(chosen) {
  const connection = await amqplib.connect(chosen.url);
  const lost = new Promise((resolve) => connection.once('close', resolve));
  connection.on('error', (error) => console.error(error.message));
  const channel = await connection.createChannel();
  channel.on('error', (error) => console.error(error.message));
  channel.once('close', () => connection.close().catch(() => {}));
  await channel.prefetch(PREFETCH);
  const [queue, how] = await source(channel, chosen);
  const deliver = async (message) => {
    if (message === null) return connection.close(); // the queue was deleted
    if (chosen.patterns.some((pattern) => takes(pattern, message.fields.routingKey))) {
      await handle(JSON.parse(message.content.toString()));
    }
    channel.ack(message);
  };
  // What can't be handled is given back with the connection, and comes again.
  const failed = (error) => {
    console.error(error);
    connection.close().catch(() => {});
  };
  await channel.consume(queue, (message) => deliver(message).catch(failed), how);
  console.error(`listening on ${queue}`);
  await lost;
}

const chosen = options(process.argv.slice(2));
for (let pause = 500; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
  const began = Date.now();
  await listen(chosen).catch((error) => console.error(error.message));
  if (Date.now() - began > LONGEST_PAUSE_MS) pause = 500;
  await new Promise((resolve) => setTimeout(resolve, pause));
}
